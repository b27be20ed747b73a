// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserStack: the service of users on a fresh database and the tests' Redis (scripts/with_stack.sh),
// as one replica of it, run by the test's thread.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/thread_loop.h"
#include "server/redis/cache.h"
#include "server/status/details.h"
#include "server/users/user_service.h"
#include "tests/postgres/database.h"

namespace weir::users::testing {

// A fresh database with the schema, whose user ids nobody else has: they are part of Redis's keys.
class UserDatabase {
 public:
  UserDatabase();

  postgres::Options options() const { return database_.options(); }
  postgres::testing::Psql& psql() { return database_.psql(); }
  // A new user, who is in no cache; the id.
  std::int64_t add_user();
  // The id that the first user will get.
  std::int64_t first_id() const { return first_id_; }

 private:
  postgres::testing::Database database_;
  const std::int64_t first_id_;
};

struct StackOptions {
  StackOptions();
  redis::Options redis;  // of the tests' Redis, unless changed
  bool with_redis = true;
  bool with_cache = true;
  AttemptLimit attempts;
  Argon2Cost cost;  // the least there is, unless changed
};

class UserStack {
 public:
  explicit UserStack(UserDatabase& database, const StackOptions& options = StackOptions());
  ~UserStack();

  template <class T>
  T run(Task<T> task) {
    return loop_.run(std::move(task));
  }

  UserService& service() { return service_; }
  UserRepository& repository() { return repository_; }
  UserCache& cache() { return user_cache_; }
  Passwords& passwords() { return passwords_; }
  postgres::Pool& pool() { return pool_; }
  redis::CacheStats cache_stats() const { return cache_->stats(); }

  // The methods, each run to its end.
  absl::StatusOr<v1::User> create(const std::string& name, const std::string& email,
                                  const std::string& password = "",
                                  const std::string& request_id = "");
  absl::StatusOr<v1::User> get(std::int64_t id);
  absl::StatusOr<v1::ListUsersResponse> list(int page_size, const std::string& page_token = "");
  // With the mask "name".
  absl::StatusOr<v1::User> rename(std::int64_t id, const std::string& name,
                                  const std::string& etag = "");
  absl::Status remove(std::int64_t id, const std::string& etag = "");
  absl::StatusOr<v1::BatchGetUsersResponse> batch_get(const std::vector<std::int64_t>& ids);
  absl::StatusOr<v1::User> verify(const std::string& email, const std::string& password);

 private:
  ThreadLoop loop_;
  postgres::Pool pool_;
  const std::unique_ptr<redis::Client> redis_;  // may be null
  const std::unique_ptr<redis::Cache> cache_;   // may be null
  BlockingPool hashing_{"argon2", 2, 64};
  UserRepository repository_;
  UserCache user_cache_;
  Passwords passwords_;
  AttemptLimiter attempts_;
  const api::PageTokens page_tokens_;
  UserService service_;
};

}  // namespace weir::users::testing
