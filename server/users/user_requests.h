// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the requests that change users ask for: checked, and in the domain's terms. What is wrong is
// added to `bad`, and then the result means nothing.

#include <cstdint>
#include <optional>

#include "server/status/details.h"
#include "server/users/user.h"
#include "weir/users/v1/users.pb.h"

namespace weir::users {

// All but password_hash: hashing takes its time, and a thread.
NewUser new_user_of(const v1::CreateUserRequest& request, status::BadRequest& bad);

struct Update {
  std::int64_t id = 0;
  UserChanges changes;
  std::optional<std::int64_t> version;  // that the row must have; nullopt: whatever it is
};
Update update_of(const v1::UpdateUserRequest& request, status::BadRequest& bad);

struct Deletion {
  std::int64_t id = 0;
  std::optional<std::int64_t> version;
};
Deletion deletion_of(const v1::DeleteUserRequest& request, status::BadRequest& bad);

}  // namespace weir::users
