// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserCache: users by id, cached in Redis, with the repository behind it. What may be assumed of it
// (never an older version over a newer one, one load for concurrent misses, Redis gone is no error)
// is redis::Cache's, see server/redis/cache.h; here are the keys and the bytes.
//
// Thread: any. The repository and the cache must outlive it.

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/redis/cache.h"
#include "server/users/user.h"
#include "server/users/user_repository.h"

namespace weir::users {

class UserCache {
 public:
  // `cache` may be null: then nothing is cached.
  UserCache(UserRepository& repository, redis::Cache* cache)
      : repository_(repository), cache_(cache) {}

  // nullopt: there is no such user.
  Task<absl::StatusOr<std::optional<User>>> find(std::int64_t id);

  // After the commit. An insert counts: that there is no such user may be cached.
  Task<void> put(User user);
  Task<void> erase(std::int64_t id, std::int64_t last_version);
  // Whether the row still has that version is not known.
  Task<void> doubt(std::int64_t id, std::int64_t version);

 private:
  Task<absl::StatusOr<std::optional<User>>> find_cached(std::int64_t id);

  UserRepository& repository_;
  redis::Cache* const cache_;
};

}  // namespace weir::users
