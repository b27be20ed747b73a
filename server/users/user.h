// SPDX-License-Identifier: Apache-2.0
#pragma once

// User: what a user is to this service. Knows neither the wire nor the database.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace weir::users {

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string email;  // lower case, unique
  absl::Time create_time;
  absl::Time update_time;
  // 1 at first, one more with every update; the etag and the cache's order.
  std::int64_t version = 0;

  bool operator==(const User&) const = default;
};

// What CreateUser was asked for, already valid. The password is here only as its hash.
struct NewUser {
  std::string name;
  std::string email;
  std::string password_hash;  // a PHC string; empty: no password
  std::string request_id;     // empty: not idempotent
};

// What UpdateUser was asked for, already valid. nullopt: stays as it is.
struct UserChanges {
  std::optional<std::string> name;
  std::optional<std::string> email;

  bool empty() const { return !name && !email; }
};

// A user and what their password is verified with; empty if they have none.
struct Credentials {
  User user;
  std::string password_hash;
};

}  // namespace weir::users
