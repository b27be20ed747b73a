// SPDX-License-Identifier: Apache-2.0
#pragma once

// A row of the table `users`, for the SQL of this folder: select these columns first.

#include "server/postgres/rows.h"
#include "server/users/user.h"

#define WEIR_USER_COLUMNS                                              \
  "id, name, email, version, "                                         \
  "(extract(epoch from create_time) * 1000000)::bigint AS create_us, " \
  "(extract(epoch from update_time) * 1000000)::bigint AS update_us"

namespace weir::users {

inline void read_user(const postgres::Row& row, User& user) {
  user.id = row.int64(0);
  user.name = row.string(1);
  user.email = row.string(2);
  user.version = row.int64(3);
  user.create_time = row.time(4);
  user.update_time = row.time(5);
}
inline constexpr int kColumnAfterUser = 6;

inline User to_user(const postgres::Row& row) {
  User user;
  read_user(row, user);
  return user;
}

}  // namespace weir::users
