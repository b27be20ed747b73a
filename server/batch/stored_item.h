// SPDX-License-Identifier: Apache-2.0
#pragma once

// StoredItem: an item of a durable batch as the table keeps it: checked when it came, and with the
// hash of a password in the password's place, so that no password is ever written down.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/users/passwords.h"
#include "server/users/user_requests.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

struct StoredItem {
  std::string item_id;
  std::string item;   // serialized BatchItem without its item_id; meaningless if there is a fault
  std::string fault;  // serialized google.rpc.Status; empty: none
};

// An error is not the item's, but the server's: it could not be hashed now.
Task<absl::StatusOr<StoredItem>> to_stored(v1::BatchItem item, users::Passwords& passwords);

// What to do, as read from `StoredItem::item`, for the functions of user_writes.h. Nothing is
// checked again.
users::NewUser new_user_of(const v1::BatchItem& item);

}  // namespace weir::batch
