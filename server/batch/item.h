// SPDX-License-Identifier: Apache-2.0
#pragma once

// One item of a batch: what is wrong with it as such, and doing it by a call of UserService.

#include <cstddef>
#include <string>

#include "async/task.h"
#include "server/status/details.h"
#include "server/users/user_service.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

inline constexpr std::size_t kMaxItemIdBytes = 256;
// Far more than the fields of a good one may have.
inline constexpr std::size_t kMaxItemBytes = std::size_t{64} << 10;

// What is wrong with it, but for the request inside.
void check_item(const v1::BatchItem& item, status::BadRequest& bad);

// As it is given back: one that is too long is itself the error, and is cut.
std::string item_id_of(const v1::BatchItem& item);

// The result of an item that ended so.
v1::BatchResult result_of(const v1::BatchItem& item, const absl::StatusOr<users::v1::User>& user);
v1::BatchResult result_of(const v1::BatchItem& item, const absl::Status& status);

Task<v1::BatchResult> process_item(users::UserService& users, const v1::BatchItem& item);

}  // namespace weir::batch
