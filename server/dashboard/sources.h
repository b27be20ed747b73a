// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sources: where the parts of a dashboard come from. An interface, so that what happens when a part
// is slow or fails can be tested without a database, in virtual time.
//
// Thread: any. They must outlive their tasks.

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/postgres/lagging_reads.h"
#include "server/posts/post_repository.h"
#include "server/subscriptions/subscription_repository.h"
#include "server/users/user_cache.h"

namespace weir::dashboard {

class Sources {
 public:
  virtual ~Sources() = default;

  // nullopt: there is no such user.
  virtual Task<absl::StatusOr<std::optional<users::User>>> user(std::int64_t id) = 0;
  // The newest of the user's, newest first.
  virtual Task<absl::StatusOr<std::vector<posts::Post>>> posts(std::int64_t user_id,
                                                               std::int64_t limit) = 0;
  virtual Task<absl::StatusOr<std::vector<subscriptions::Subscription>>> subscriptions(
      std::int64_t user_id, std::int64_t limit) = 0;
};

// The service's own: users from the cache, posts and subscriptions from Postgres, perhaps from
// `standby`, which may be null. Each joins what other calls read at the time.
class StoredSources : public Sources {
 public:
  StoredSources(users::UserCache& users, posts::PostRepository& posts,
                subscriptions::SubscriptionRepository& subscriptions,
                postgres::Standby* standby = nullptr)
      : users_(users), posts_(posts, standby), subscriptions_(subscriptions, standby) {}

  Task<absl::StatusOr<std::optional<users::User>>> user(std::int64_t id) override {
    return users_.find(id);
  }
  Task<absl::StatusOr<std::vector<posts::Post>>> posts(std::int64_t user_id,
                                                       std::int64_t limit) override {
    const auto newest = [=](posts::PostRepository& posts) { return posts.newest(user_id, limit); };
    return posts_.read(newest);
  }
  Task<absl::StatusOr<std::vector<subscriptions::Subscription>>> subscriptions(
      std::int64_t user_id, std::int64_t limit) override {
    const auto newest = [=](subscriptions::SubscriptionRepository& subscriptions) {
      return subscriptions.newest(user_id, limit);
    };
    return subscriptions_.read(newest);
  }

 private:
  users::UserCache& users_;
  postgres::LaggingReads<posts::PostRepository> posts_;
  postgres::LaggingReads<subscriptions::SubscriptionRepository> subscriptions_;
};

// The same without the cache and without a standby, which hear of a change a moment after it was
// committed: for a watch, which reads in that moment, and not again.
class FreshSources final : public StoredSources {
 public:
  FreshSources(users::UserCache& cache, users::UserRepository& users, posts::PostRepository& posts,
               subscriptions::SubscriptionRepository& subscriptions)
      : StoredSources(cache, posts, subscriptions), users_(users) {}

  Task<absl::StatusOr<std::optional<users::User>>> user(std::int64_t id) override {
    return users_.find(id);
  }

 private:
  users::UserRepository& users_;
};

}  // namespace weir::dashboard
