// SPDX-License-Identifier: Apache-2.0
// Postgres stopped and started, and frozen, under load: errors are UNAVAILABLE or
// DEADLINE_EXCEEDED, nothing hangs, and service resumes by itself.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/sleep.h"
#include "async/task.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "server/postgres/loader.h"
#include "server/postgres/pool.h"
#include "tests/postgres/database.h"
#include "tests/postgres/private_server.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

struct Item {
  std::int64_t id = 0;
};
void read_item(const Row& row, Item& item) { item.id = row.int64(0); }
using Items = Loader<std::int64_t, Item>;

constexpr Statement kItems{"items", "SELECT id FROM items WHERE id = ANY($1)"};
constexpr Statement kTouch{"touch", "UPDATE items SET n = n + 1 WHERE id = $1"};
constexpr Statement kSleep{"sleep", "SELECT 1 FROM pg_sleep($1)"};

Task<absl::Status> load(Items& items, std::int64_t id) {
  const auto item = co_await items.load(id);
  if (item.ok() && !item->has_value()) co_return absl::DataLossError("a row is missing");
  co_return item.status();
}

Task<absl::Status> touch(Pool& pool, std::int64_t id) {
  auto fn = [id](Transaction& transaction) -> absl::Status {
    transaction.run(kTouch, id);
    return absl::OkStatus();
  };
  co_return co_await pool.transact(std::move(fn));
}

Task<absl::Status> sleep_in_postgres(Pool& pool, double time) {
  auto fn = [time](Transaction& transaction) -> absl::Status {
    transaction.run(kSleep, time);
    return absl::OkStatus();
  };
  co_return co_await pool.query(std::move(fn));
}

// What callers saw, in all and since somebody last asked.
struct Observed {
  std::atomic<int> ok = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> unexpected = 0;
  std::atomic<std::int64_t> slowest_ms = 0;
  std::atomic<std::int64_t> last_ok{0};
  std::atomic<bool> is_over = false;

  void record(const absl::Status& status, Clock::time_point start) {
    const auto now = Clock::now();
    const auto took = std::chrono::duration_cast<milliseconds>(now - start).count();
    if (took > slowest_ms) slowest_ms = took;
    if (status.ok()) {
      ++ok;
      last_ok = now.time_since_epoch().count();
      return;
    }
    ++failed;
    const bool is_expected = status.code() == absl::StatusCode::kUnavailable ||
                             status.code() == absl::StatusCode::kDeadlineExceeded ||
                             status.code() == absl::StatusCode::kUnknown;  // lost in COMMIT
    if (!is_expected) {
      ++unexpected;
      ADD_FAILURE() << status;
    }
  }
  bool works_since(Clock::time_point time) const {
    return last_ok > time.time_since_epoch().count();
  }
};

constexpr milliseconds kDeadline(500);

Task<absl::Status> read_or_write(Pool& pool, Items& items, int number) {
  if (number % 4 == 0) co_return co_await touch(pool, 1 + number);
  co_return co_await load(items, 1 + number);
}

Task<void> read_and_write(Pool& pool, Items& items, Observed& observed, int number) {
  while (!observed.is_over) {
    const auto start = Clock::now();
    const absl::Status status = co_await timeout(kDeadline, read_or_write(pool, items, number));
    observed.record(status, start);
    (void)co_await sleep(milliseconds(2));
  }
}

Task<void> traffic(Pool& pool, Items& items, Observed& observed) {
  std::vector<Task<void>> callers;
  for (int i = 0; i < 16; ++i) callers.push_back(read_and_write(pool, items, observed, i));
  co_await join_all(std::move(callers));
}

class OutageTest : public ::testing::Test {
 protected:
  // One server for all, in order again before each.
  static void SetUpTestSuite() { server_ = new testing::PrivateServer; }
  static void TearDownTestSuite() { delete server_; }

  OutageTest() : database_(server_->url()) {
    database_.psql().run(
        "CREATE TABLE items (id bigint PRIMARY KEY, n bigint DEFAULT 0);"
        "INSERT INTO items SELECT generate_series(1, 100)");
  }
  void start_traffic() {
    traffic_ = std::thread([this] {
      ThreadLoop loop;
      loop.run(traffic(*pool_, *items_, observed_));
    });
    ASSERT_TRUE(testing::eventually([this] { return observed_.ok > 100; }));
  }
  void end_traffic() {
    observed_.is_over = true;
    traffic_.join();
  }
  // The time from now until callers are served again.
  milliseconds time_to_resume() {
    const auto start = Clock::now();
    EXPECT_TRUE(testing::eventually([&] { return observed_.works_since(start); }));
    return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
  }

  static testing::PrivateServer* server_;
  testing::Database database_;
  std::unique_ptr<Pool> pool_ = std::make_unique<Pool>(database_.options());
  std::unique_ptr<Items> items_ = std::make_unique<Items>(*pool_, Items::Spec{kItems, read_item});
  Observed observed_;
  std::thread traffic_;
  ThreadLoop loop_;
};

testing::PrivateServer* OutageTest::server_ = nullptr;

TEST_F(OutageTest, PostgresStoppedAndStartedUnderLoad) {
  start_traffic();
  server_->stop();
  const int failed_before = observed_.failed;
  ASSERT_TRUE(testing::eventually([&] { return observed_.failed > failed_before + 20; }));
  server_->start();
  EXPECT_LT(time_to_resume(), seconds(2));
  end_traffic();
  EXPECT_EQ(observed_.unexpected, 0);
  // The deadline, what a cancel may take, and a scheduler that is busy with starting Postgres.
  EXPECT_LT(observed_.slowest_ms, 2000);
}

TEST_F(OutageTest, PostgresFrozenForFiveSecondsUnderLoad) {
  start_traffic();
  server_->freeze();
  const auto frozen_at = Clock::now();
  const int failed_before = observed_.failed;
  ASSERT_TRUE(testing::eventually([&] { return observed_.failed > failed_before + 50; }))
      << "callers of a frozen Postgres are answered";
  ASSERT_TRUE(testing::eventually([&] { return Clock::now() - frozen_at > seconds(5); }));
  server_->thaw();
  EXPECT_LT(time_to_resume(), seconds(2));
  end_traffic();
  EXPECT_EQ(observed_.unexpected, 0);
  // The deadline, what a cancel may take, and a busy scheduler.
  EXPECT_LT(observed_.slowest_ms, 2000);
  // All of it recovers, not one connection.
  EXPECT_TRUE(
      testing::eventually([&] { return pool_->stats().connected == pool_->stats().workers; }));
}

TEST_F(OutageTest, EveryAwaitEndsByItsDeadlineWhilePostgresIsFrozen) {
  ASSERT_TRUE(loop_.run(sleep_in_postgres(*pool_, 0)).ok());
  server_->freeze();
  const auto start = Clock::now();
  const auto all = [](Pool& pool, Items& items) -> Task<absl::Status> {
    std::vector<Task<absl::Status>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(touch(pool, i));
    for (int i = 0; i < 10; ++i) tasks.push_back(load(items, i));
    for (const absl::Status& status : co_await join_all(std::move(tasks))) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
    }
    co_return absl::OkStatus();
  };
  EXPECT_TRUE(loop_.run(timeout(milliseconds(300), all(*pool_, *items_))).ok());
  EXPECT_LT(Clock::now() - start, milliseconds(300 + 500 + 500)) << "the deadline and the cut";
  server_->thaw();
  EXPECT_TRUE(testing::eventually([&] { return loop_.run(sleep_in_postgres(*pool_, 0)).ok(); }));
}

TEST_F(OutageTest, AStatementWithoutADeadlineEndsByTheStatementTimeoutWhilePostgresIsFrozen) {
  Options options = database_.options();
  options.statement_timeout = milliseconds(300);
  Pool pool(options);
  ASSERT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());
  server_->freeze();
  const auto start = Clock::now();
  EXPECT_EQ(loop_.run(sleep_in_postgres(pool, 0)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(Clock::now() - start, seconds(2));
  server_->thaw();
}

TEST_F(OutageTest, ThePoolsDestructorEndsWhilePostgresIsFrozen) {
  ASSERT_TRUE(loop_.run(sleep_in_postgres(*pool_, 0)).ok());
  server_->freeze();
  const absl::Status status = loop_.run(timeout(milliseconds(50), sleep_in_postgres(*pool_, 0)));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  const auto start = Clock::now();
  items_.reset();
  pool_.reset();
  EXPECT_LT(Clock::now() - start, seconds(3));
  server_->thaw();
}

TEST_F(OutageTest, APoolThatEndsWhileItConnectsTellsOfNoOutage) {
  server_->freeze();
  std::atomic<int> told = 0;
  Options options = database_.options();
  options.log = [&told](log::Level, std::string_view, log::Fields) { ++told; };
  {
    const Pool ends(options);
  }
  server_->thaw();
  EXPECT_EQ(told, 0);
}

TEST_F(OutageTest, APoolWhosePostgresIsDownAnswersUnavailable) {
  server_->stop();
  Options options = database_.options();
  options.acquire_timeout = milliseconds(200);
  Pool pool(options);
  const auto start = Clock::now();
  EXPECT_EQ(loop_.run(sleep_in_postgres(pool, 0)).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(Clock::now() - start, seconds(1));
  server_->start();
  EXPECT_TRUE(testing::eventually([&] { return pool.stats().connected > 0; }, seconds(2)));
  EXPECT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());
}

}  // namespace
}  // namespace weir::postgres
