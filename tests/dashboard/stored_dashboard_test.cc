// SPDX-License-Identifier: Apache-2.0
// Dashboards from a real Postgres: how many queries they take, and that none is left behind.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/task_tree.h"
#include "async/thread_loop.h"
#include "server/dashboard/dashboard_service.h"
#include "tests/postgres/database.h"
#include "tests/support/error_details.h"
#include "tests/users/user_stack.h"

namespace weir::dashboard {
namespace {

using postgres::testing::eventually;
using postgres::testing::Psql;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Result = absl::StatusOr<v1::Dashboard>;

constexpr char kWaitingForALock[] =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock'";
constexpr char kRunning[] =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()";

postgres::Options patient(postgres::Options options) {
  options.min_connections = options.max_connections;
  options.lock_timeout = options.statement_timeout = seconds(60);
  options.cancel_timeout = seconds(5);  // nothing here is frozen, only at times busy
  return options;
}

class StoredDashboard : public ::testing::Test {
 public:
  StoredDashboard() {
    EXPECT_TRUE(eventually([&] { return pool_.stats().connected == 4; }));
  }

  // Users with 12 posts and 2 subscriptions each; the ids.
  std::vector<std::int64_t> add_users(int count) {
    std::vector<std::int64_t> ids;
    for (const std::string& id : database_.psql().column(absl::StrCat(
             "INSERT INTO users (name, email) SELECT 'u', gen_random_uuid() || '@example.com' "
             "FROM generate_series(1, ",
             count, ") RETURNING id"))) {
      ids.push_back(std::stoll(id));
    }
    database_.psql().run(
        "INSERT INTO posts (user_id, title, body) "
        "SELECT id, i, 'of ' || id FROM users, generate_series(1, 12) i ORDER BY i;"
        "INSERT INTO subscriptions (user_id, plan) "
        "SELECT id, i FROM users, generate_series(1, 2) i ORDER BY i;"
        "ANALYZE");
    return ids;
  }
  std::string count(const char* query) { return database_.psql().value(query); }
  bool nothing_runs() {
    return eventually([&] { return count(kRunning) == "0" && pool_.stats().busy == 0; });
  }

  static Task<Result> get(DashboardService& service, std::int64_t user_id) {
    v1::GetDashboardRequest request;
    request.set_user_id(user_id);
    absl::StatusOr<rpc::OnArena<v1::Dashboard>> found = co_await service.get_dashboard(request);
    if (!found.ok()) co_return found.status();
    co_return **found;
  }
  static Task<std::vector<Result>> get_all(DashboardService& service,
                                           std::vector<std::int64_t> users) {
    std::vector<Task<Result>> tasks;
    for (const std::int64_t id : users) tasks.push_back(get(service, id));
    co_return co_await join_all(std::move(tasks));
  }

  users::testing::UserDatabase database_;
  ThreadLoop loop_;
  postgres::Pool pool_{patient(database_.options())};
  users::UserRepository users_{pool_};
  users::UserCache cache_{users_, nullptr};
  posts::PostRepository posts_{pool_};
  subscriptions::SubscriptionRepository subscriptions_{pool_};
  StoredSources sources_{cache_, posts_, subscriptions_};
  DashboardService service_{sources_, SectionBudget{.most = seconds(30)}};
};

// Keeps everybody else out of a table.
class LockedTable {
 public:
  LockedTable(const std::string& url, const char* table) : psql_(url) {
    psql_.run(absl::StrCat("BEGIN; LOCK TABLE ", table));
  }

 private:
  Psql psql_;  // closing it ends the lock
};

TEST_F(StoredDashboard, HasTheUserTheTenNewestPostsAndTheSubscriptions) {
  const std::int64_t ada = add_users(3)[1];
  const v1::Dashboard found = loop_.run(get(service_, ada)).value();
  EXPECT_EQ(found.user().id(), ada);
  ASSERT_EQ(found.posts_size(), 10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(found.posts(i).title(), absl::StrCat(12 - i));
    EXPECT_EQ(found.posts(i).user_id(), ada);
    EXPECT_EQ(found.posts(i).body(), absl::StrCat("of ", ada));
  }
  ASSERT_EQ(found.subscriptions_size(), 2);
  EXPECT_EQ(found.subscriptions(0).plan(), "2");
  EXPECT_EQ(found.subscriptions(1).plan(), "1");
  EXPECT_EQ(found.unavailable_size(), 0);
}

TEST_F(StoredDashboard, ManyAtOnceAreAFewQueries) {
  const std::vector<std::int64_t> ids = add_users(1000);
  const std::uint64_t before = pool_.stats().statements;
  const std::vector<Result> all = loop_.run(get_all(service_, ids));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE(all[i].ok()) << all[i].status();
    EXPECT_EQ(all[i]->user().id(), ids[i]);
    ASSERT_EQ(all[i]->posts_size(), 10);
    EXPECT_EQ(all[i]->posts(9).user_id(), ids[i]);
    ASSERT_EQ(all[i]->subscriptions_size(), 2);
  }
  // Each table takes four full batches; the first few may leave before theirs are full.
  EXPECT_LE(pool_.stats().statements - before, 3u * 10u);
}

TEST_F(StoredDashboard, GoesWithoutATableThatIsLocked) {
  const std::int64_t ada = add_users(1)[0];
  DashboardService hasty(sources_, SectionBudget{.most = milliseconds(50)});
  const LockedTable lock(database_.options().url, "posts");
  const v1::Dashboard found = loop_.run(get(hasty, ada)).value();
  EXPECT_EQ(found.user().id(), ada);
  EXPECT_EQ(found.posts_size(), 0);
  ASSERT_EQ(found.unavailable_size(), 1);
  EXPECT_EQ(found.unavailable(0).section(), "posts");
  EXPECT_EQ(found.unavailable(0).code(), 4);
  EXPECT_TRUE(nothing_runs()) << "the query is cancelled with the part";
}

TEST_F(StoredDashboard, GoesWithoutATableThatIsGoneAndTellsNothingOfIt) {
  const std::int64_t ada = add_users(1)[0];
  database_.psql().run("ALTER TABLE subscriptions RENAME TO gone");
  const v1::Dashboard found = loop_.run(get(service_, ada)).value();
  EXPECT_EQ(found.posts_size(), 10);
  ASSERT_EQ(found.unavailable_size(), 1);
  EXPECT_EQ(found.unavailable(0).section(), "subscriptions");
  EXPECT_EQ(found.unavailable(0).code(), 13);
  EXPECT_EQ(found.unavailable(0).message().find("subscriptions"), std::string::npos);
}

TEST_F(StoredDashboard, OfNobodyCancelsTheOtherQueriesInPostgres) {
  const LockedTable posts(database_.options().url, "posts");
  const LockedTable subscriptions(database_.options().url, "subscriptions");
  auto users = std::make_unique<LockedTable>(database_.options().url, "users");
  const auto unlock_users_when_all_wait = [](StoredDashboard* self,
                                             std::unique_ptr<LockedTable>* lock) -> Task<void> {
    while (self->count(kWaitingForALock) != "3") (void)co_await sleep(milliseconds(1));
    lock->reset();
  };
  const auto scenario = [&](StoredDashboard* self) -> Task<absl::Status> {
    auto results =
        co_await join(get(self->service_, INT64_MAX), unlock_users_when_all_wait(self, &users));
    co_return std::get<0>(results).status();
  };
  const absl::Status status = loop_.run(scenario(this));
  EXPECT_EQ(weir::testing::reason_of(status), "USER_NOT_FOUND") << status;
  EXPECT_TRUE(nothing_runs()) << "while posts and subscriptions are still locked";
  EXPECT_EQ(pool_.stats().cancels, 2u);
  EXPECT_EQ(pool_.stats().cuts, 0u);
}

TEST_F(StoredDashboard, AThousandCancelledMidFlightLeaveNothingBehind) {
  const std::vector<std::int64_t> ids = add_users(1000);
  const std::string idle = dump_tasks(loop_);
  {
    const LockedTable lock(database_.options().url, "posts");
    const auto until_they_wait = [](StoredDashboard* self) -> Task<void> {
      while (self->count(kWaitingForALock) == "0") (void)co_await sleep(milliseconds(1));
    };
    const auto scenario = [&](StoredDashboard* self,
                              std::vector<std::int64_t> users) -> Task<std::size_t> {
      auto first =
          co_await select(get_all(self->service_, std::move(users)), until_they_wait(self));
      co_return first.index();
    };
    EXPECT_EQ(loop_.run(scenario(this, ids)), 1u) << "they ended by themselves";
    EXPECT_TRUE(nothing_runs()) << "while the lock is still held";
  }
  EXPECT_EQ(dump_tasks(loop_), idle);
  EXPECT_EQ(pool_.stats().queued, 0u);
  EXPECT_EQ(pool_.stats().cuts, 0u);
  EXPECT_EQ(loop_.run(get(service_, ids[0])).value().posts_size(), 10) << "and it goes on";
}

}  // namespace
}  // namespace weir::dashboard
