// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserEvent: one thing that happened to a user, as server/migrations/0004_events.sql records it.

#include <cstdint>

#include "server/users/user.h"

namespace weir::users {

struct UserEvent {
  // As in the table. Those of the first three are what WatchUsers sends.
  enum class Type : unsigned char {
    kCreated = 1,
    kUpdated = 2,
    kDeleted = 3,
    kPostsChanged = 4,
    kSubscriptionsChanged = 5,
  };

  std::int64_t seq = 0;  // later events of the same user have higher ones
  Type type = Type::kCreated;
  User user;  // after it, or, if deleted, before; for the last two only its id

  bool is_about_user() const { return type <= Type::kDeleted; }
};

}  // namespace weir::users
