// SPDX-License-Identifier: Apache-2.0
// Cancellation and deadlines: what runs is cancelled in Postgres, what waits leaves, and the
// connection serves the next.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/join.h"
#include "async/join_set.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/task.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "server/postgres/pool.h"
#include "server/postgres/session.h"
#include "tests/postgres/both.h"
#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr Statement kSleep{"sleep", "SELECT 1 FROM pg_sleep($1)"};
constexpr Statement kBackend{"backend", "SELECT pg_backend_pid()"};
constexpr char kSleepers[] =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";

Task<absl::Status> sleep_in_postgres(Pool& pool, double time) {
  auto fn = [time](Transaction& transaction) -> absl::Status {
    transaction.run(kSleep, time);
    return absl::OkStatus();
  };
  co_return co_await pool.query(std::move(fn));
}

Task<absl::Status> sleep_in_transaction(Pool& pool, double time) {
  auto fn = [time](Transaction& transaction) -> absl::Status {
    transaction.run(kSleep, time);
    return absl::OkStatus();
  };
  co_return co_await pool.transact(std::move(fn));
}

Task<absl::StatusOr<std::int64_t>> backend(Pool& pool) {
  auto fn = [](Transaction& transaction) -> absl::StatusOr<std::int64_t> {
    return transaction.run(kBackend)[0].int64(0);
  };
  co_return co_await pool.query(std::move(fn));
}

class CancelTest : public ::testing::Test {
 public:
  Options one_connection() const {
    Options options = database_.options();
    options.max_connections = 1;
    options.cancel_timeout = seconds(5);  // nothing here is frozen, only at times busy
    return options;
  }
  std::string sleepers() { return database_.psql().value(kSleepers); }

  // Runs `work` until Postgres is at it, cancels it, and returns how long the query stayed.
  Task<Duration> cancel_when_running(Task<absl::Status> work, absl::Status& status) {
    const auto wait = [](CancelTest* self) -> Task<Clock::time_point> {
      while (self->sleepers() != "1") (void)co_await sleep(milliseconds(1));
      co_return Clock::now();
    };
    auto first = co_await select(std::move(work), wait(this));
    EXPECT_EQ(first.index(), 1u) << "the query ended by itself";
    status = absl::OkStatus();
    const auto asked = std::get<1>(first);
    while (sleepers() != "0") (void)co_await sleep(milliseconds(1));
    co_return Clock::now() - asked;
  }

  testing::Database database_;
  ThreadLoop loop_;
};

TEST_F(CancelTest, ACancelledQueryIsGoneFromPostgresWithin100Milliseconds) {
  Pool pool(one_connection());
  std::vector<Duration> times;
  for (int round = 0; round < 21; ++round) {
    absl::Status status;
    times.push_back(loop_.run(cancel_when_running(sleep_in_postgres(pool, 30), status)));
  }
  // The median, for a busy machine may hold up any of them.
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  EXPECT_LT(times[10], milliseconds(100));
  EXPECT_EQ(pool.stats().cuts, 0u);
}

TEST_F(CancelTest, ACancelledTransactionIsRolledBackAndItsConnectionServesOn) {
  database_.psql().run("CREATE TABLE items (id bigint)");
  Pool pool(one_connection());
  const auto before = loop_.run(backend(pool));
  const auto insert_and_sleep = [](Pool& p) -> Task<absl::Status> {
    auto fn = [](Transaction& transaction) -> absl::Status {
      static constexpr Statement kInsert{"insert", "INSERT INTO items VALUES (1)"};
      transaction.run(kInsert);
      transaction.run(kSleep, 30);
      return absl::OkStatus();
    };
    co_return co_await p.transact(std::move(fn));
  };
  absl::Status status;
  EXPECT_LT(loop_.run(cancel_when_running(insert_and_sleep(pool), status)), seconds(5));
  EXPECT_EQ(database_.psql().value("SELECT count(*) FROM items"), "0");
  EXPECT_EQ(loop_.run(backend(pool)).value_or(0), before.value_or(-1))
      << "the connection was verified, not thrown away";
}

TEST_F(CancelTest, TheDeadlineEndsAQueryAndSaysSo) {
  Pool pool(one_connection());
  const auto start = Clock::now();
  const absl::Status status = loop_.run(timeout(milliseconds(50), sleep_in_postgres(pool, 30)));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(Clock::now() - start, seconds(2));
  EXPECT_EQ(sleepers(), "0");
}

TEST_F(CancelTest, AQueuedJobLeavesTheQueueAtOnce) {
  Pool pool(one_connection());
  ASSERT_TRUE(loop_.run(backend(pool)).ok());  // it is connected
  const auto scenario = [](Pool& p) -> Task<Duration> {
    const auto start = Clock::now();
    const absl::Status status = co_await timeout(milliseconds(20), sleep_in_postgres(p, 0));
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(p.stats().queued, 0u);
    co_return Clock::now() - start;
  };
  const auto [slow, fast] = loop_.run(testing::both(sleep_in_postgres(pool, 0.5), scenario(pool)));
  EXPECT_TRUE(slow.ok()) << slow;
  EXPECT_LT(fast, milliseconds(300));
  EXPECT_EQ(pool.stats().jobs, 2u) << "it never ran";
}

TEST_F(CancelTest, ACancelNeverHitsTheNextJobOfTheConnection) {
  Pool pool(one_connection());
  // Jobs of about the time after which they are cancelled, so that cancels come before, while and
  // after they end; each is followed by one that nobody cancels.
  const auto scenario = [](Pool& p) -> Task<int> {
    int stopped = 0;
    for (int round = 0; round < 100; ++round) {
      const auto after = std::chrono::microseconds(300 * round);
      const absl::Status status = co_await timeout(after, sleep_in_postgres(p, 0.015));
      stopped += !status.ok();
      const auto next = co_await backend(p);
      EXPECT_TRUE(next.ok()) << round << ": " << next.status();
    }
    co_return stopped;
  };
  const int stopped = loop_.run(scenario(pool));
  EXPECT_GT(stopped, 10);
  EXPECT_LT(stopped, 90);
}

TEST_F(CancelTest, ACancelledJobThatIsBetweenStatementsBeginsNoOther) {
  database_.psql().run("CREATE TABLE items (id bigint)");
  Pool pool(one_connection());
  const auto two_statements = [](Pool& p) -> Task<absl::Status> {
    auto fn = [](Transaction& transaction) -> absl::Status {
      static constexpr Statement kOne{"one", "SELECT 1"};
      const auto end = Clock::now() + seconds(10);
      while (Clock::now() < end) transaction.run(kOne);
      return absl::OkStatus();
    };
    co_return co_await p.transact(std::move(fn));
  };
  const auto start = Clock::now();
  const absl::Status status = loop_.run(timeout(milliseconds(20), two_statements(pool)));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_LT(Clock::now() - start, seconds(2));
}

TEST_F(CancelTest, AStatementTimesOutWithoutADeadlineByPostgres) {
  Options options = one_connection();
  options.statement_timeout = milliseconds(50);
  Pool pool(options);
  const absl::Status status = loop_.run(sleep_in_postgres(pool, 30));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(pool.stats().cancels, 0u) << "Postgres did it";
  EXPECT_TRUE(loop_.run(backend(pool)).ok());
}

TEST_F(CancelTest, AStatementTimesOutWithoutADeadlineByThePoolIfPostgresWasNotTold) {
  Options options = one_connection();
  options.session_settings = false;
  options.statement_timeout = milliseconds(50);
  Pool pool(options);
  const absl::Status status = loop_.run(sleep_in_transaction(pool, 30));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(sleepers(), "0");
  EXPECT_TRUE(loop_.run(backend(pool)).ok());
}

TEST_F(CancelTest, ManyAreCancelledAtOnce) {
  Options options = database_.options();
  options.min_connections = 8;
  options.max_connections = 8;
  options.cancel_timeout = seconds(5);
  Pool pool(options);
  ASSERT_TRUE(testing::eventually([&] { return pool.stats().connected == 8; }));
  const auto all = [](Pool& p) -> Task<absl::Status> {
    std::vector<Task<absl::Status>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(sleep_in_postgres(p, 30));
    for (const absl::Status& status : co_await join_all(std::move(tasks))) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    }
    co_return absl::OkStatus();
  };
  const auto start = Clock::now();
  EXPECT_TRUE(loop_.run(timeout(milliseconds(100), all(pool))).ok());
  EXPECT_LT(Clock::now() - start, seconds(2));
  EXPECT_EQ(sleepers(), "0");
  EXPECT_EQ(pool.stats().cuts, 0u);
}

TEST_F(CancelTest, ThePoolsDestructorCancelsWhatRuns) {
  const auto scenario = [](CancelTest* self) -> Task<absl::Status> {
    auto pool = std::make_unique<Pool>(self->one_connection());
    const auto close_when_running = [](CancelTest* test,
                                       std::unique_ptr<Pool>* p) -> Task<Duration> {
      while (test->sleepers() != "1") (void)co_await sleep(milliseconds(1));
      const auto start = Clock::now();
      p->reset();
      co_return Clock::now() - start;
    };
    auto results = co_await join(sleep_in_postgres(*pool, 30), close_when_running(self, &pool));
    EXPECT_LT(std::get<1>(results), seconds(2));
    co_return std::get<0>(results);
  };
  EXPECT_EQ(loop_.run(scenario(this)).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(sleepers(), "0");
}

// It is what comes after a cancel, and one that hits it costs the connection.
TEST(SessionTest, ARollbackIsNotCancelled) {
  const testing::Database database;
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(database.url().c_str()),
                                                              PQfinish);
  detail::Session session;
  session.attach(connection.get());
  for (const bool is_cancellable : {true, false}) {
    const std::uint64_t lease = session.begin_lease(nullptr);
    session.statement_began(Clock::now() + seconds(10), is_cancellable);
    EXPECT_TRUE(session.send_cancel(lease, seconds(10))) << "the lease is not over";
    session.statement_ended();
    EXPECT_EQ(session.end_lease(seconds(10)).was_cancelled, is_cancellable);
  }
  session.detach();
}

}  // namespace
}  // namespace weir::postgres
