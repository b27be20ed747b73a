// SPDX-License-Identifier: Apache-2.0
#include "server/subscriptions/subscription_repository.h"

#include <algorithm>
#include <utility>

#include "server/api/errors.h"
#include "server/postgres/errors.h"
#include "server/users/errors.h"

namespace weir::subscriptions {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr api::Kind kKind{"weir.subscriptions.v1.Subscription", "subscription", "subscriptions"};

// What to_subscription reads. For date_part see post_repository.cc.
#define WEIR_SUBSCRIPTION_COLUMNS \
  "user_id, id, plan, active, (date_part('epoch', create_time) * 1000000)::bigint AS create_us"

Subscription to_subscription(const Row& row, int first_column = 0) {
  Subscription subscription;
  subscription.user_id = row.int64(first_column);
  subscription.id = row.int64(first_column + 1);
  subscription.plan = row.string(first_column + 2);
  subscription.active = row.boolean(first_column + 3);
  subscription.create_time = row.time(first_column + 4);
  return subscription;
}

constexpr Statement kInsert{"insert_subscription",
                            "INSERT INTO subscriptions (user_id, plan) VALUES ($1, $2) "
                            "RETURNING " WEIR_SUBSCRIPTION_COLUMNS};

constexpr Statement kCancel{"cancel_subscription",
                            "UPDATE subscriptions SET active = false WHERE id = $1 "
                            "RETURNING " WEIR_SUBSCRIPTION_COLUMNS};

constexpr Statement kListBefore{"subscriptions_before",
                                "SELECT " WEIR_SUBSCRIPTION_COLUMNS
                                " FROM subscriptions WHERE user_id = $1 AND id < $2 "
                                "ORDER BY id DESC LIMIT $3"};

constexpr Statement kNewest{"newest_subscriptions",
                            "SELECT wanted.user_id, wanted.most, subscription.* "
                            "FROM unnest($1::bigint[], $2::bigint[]) AS wanted (user_id, most) "
                            "CROSS JOIN LATERAL (SELECT " WEIR_SUBSCRIPTION_COLUMNS
                            " FROM subscriptions WHERE subscriptions.user_id = wanted.user_id "
                            "ORDER BY id DESC LIMIT wanted.most) AS subscription"};
constexpr int kColumnAfterKey = 2;

#undef WEIR_SUBSCRIPTION_COLUMNS

void append_subscription(const Row& row, std::vector<Subscription>& subscriptions) {
  subscriptions.push_back(to_subscription(row, kColumnAfterKey));
}

bool is_newer(const Subscription& a, const Subscription& b) { return a.id > b.id; }

// A status of the pool, in the words of the domain where it means something there.
absl::Status in_our_words(const absl::Status& status, std::int64_t user_id) {
  if (postgres::violated_constraint(status) == "subscriptions_user_id_fkey") {
    return users::user_not_found(user_id);
  }
  return postgres::is_in_doubt(status) ? api::outcome_unknown() : status;
}

}  // namespace

SubscriptionRepository::SubscriptionRepository(postgres::Pool& pool)
    : pool_(pool), newest_(pool, {kNewest, append_subscription}) {}

Task<absl::StatusOr<Subscription>> SubscriptionRepository::create(std::int64_t user_id,
                                                                  std::string plan) {
  auto write = [user_id,
                plan = std::move(plan)](Transaction& transaction) -> absl::StatusOr<Subscription> {
    return to_subscription(transaction.run(kInsert, user_id, plan)[0]);
  };
  absl::StatusOr<Subscription> created = co_await pool_.transact(std::move(write));
  if (!created.ok()) co_return in_our_words(created.status(), user_id);
  co_return created;
}

Task<absl::StatusOr<Subscription>> SubscriptionRepository::cancel(std::int64_t id) {
  auto write = [id](Transaction& transaction) -> absl::StatusOr<Subscription> {
    const Rows rows = transaction.run(kCancel, id);
    if (rows.empty()) return api::not_found(kKind, id);
    return to_subscription(rows[0]);
  };
  absl::StatusOr<Subscription> cancelled = co_await pool_.transact(std::move(write));
  if (postgres::is_in_doubt(cancelled.status())) co_return api::outcome_unknown();
  co_return cancelled;
}

Task<absl::StatusOr<std::vector<Subscription>>> SubscriptionRepository::list_before(
    std::int64_t user_id, std::int64_t id, std::int64_t limit) {
  auto read = [user_id, id,
               limit](Transaction& transaction) -> absl::StatusOr<std::vector<Subscription>> {
    std::vector<Subscription> subscriptions;
    for (const Row row : transaction.run(kListBefore, user_id, id, limit)) {
      subscriptions.push_back(to_subscription(row));
    }
    return subscriptions;
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<std::vector<Subscription>>> SubscriptionRepository::newest(std::int64_t user_id,
                                                                               std::int64_t limit) {
  absl::StatusOr<std::optional<std::vector<Subscription>>> found =
      co_await newest_.load(UserAndLimit(user_id, limit));
  if (!found.ok()) co_return found.status();
  std::vector<Subscription> subscriptions = std::move(*found).value_or(std::vector<Subscription>());
  std::sort(subscriptions.begin(), subscriptions.end(), is_newer);
  co_return subscriptions;
}

}  // namespace weir::subscriptions
