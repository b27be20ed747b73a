// SPDX-License-Identifier: Apache-2.0
#pragma once

// SubscriptionRepository: subscriptions in Postgres. All SQL about subscriptions is here.
//
// Errors are those of the domain where they have a meaning there, else the pool's. UNAVAILABLE with
// the reason OUTCOME_UNKNOWN: the connection was lost in COMMIT.
// Thread: any. The pool must outlive it, and it its awaits.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/postgres/loader.h"
#include "server/postgres/pool.h"
#include "server/subscriptions/subscription.h"

namespace weir::subscriptions {

class SubscriptionRepository {
 public:
  explicit SubscriptionRepository(postgres::Pool& pool);

  // NOT_FOUND if there is no such user.
  Task<absl::StatusOr<Subscription>> create(std::int64_t user_id, std::string plan);
  // As it is after that. NOT_FOUND if there is no such subscription.
  Task<absl::StatusOr<Subscription>> cancel(std::int64_t id);

  // Those with an id below `id`, newest first.
  Task<absl::StatusOr<std::vector<Subscription>>> list_before(std::int64_t user_id, std::int64_t id,
                                                              std::int64_t limit);
  // The newest, newest first. Concurrent calls become one query, see postgres/loader.h, each with
  // its own limit.
  Task<absl::StatusOr<std::vector<Subscription>>> newest(std::int64_t user_id, std::int64_t limit);

 private:
  using UserAndLimit = std::tuple<std::int64_t, std::int64_t>;

  postgres::Pool& pool_;
  postgres::Loader<UserAndLimit, std::vector<Subscription>> newest_;
};

}  // namespace weir::subscriptions
