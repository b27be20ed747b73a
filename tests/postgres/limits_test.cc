// SPDX-License-Identifier: Apache-2.0
// The bounds of a pool: its queue, the wait for a connection, the number of connections.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/task.h"
#include "async/thread_loop.h"
#include "server/postgres/pool.h"
#include "tests/postgres/both.h"
#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr Statement kSleep{"sleep", "SELECT 1 FROM pg_sleep($1)"};

Task<absl::Status> sleep_in_postgres(Pool& pool, double time) {
  auto fn = [time](Transaction& transaction) -> absl::Status {
    transaction.run(kSleep, time);
    return absl::OkStatus();
  };
  co_return co_await pool.query(std::move(fn));
}

Task<std::vector<absl::Status>> sleep_at_once(Pool& pool, int count, double time) {
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(sleep_in_postgres(pool, time));
  co_return co_await join_all(std::move(tasks));
}

std::size_t count_ok(const std::vector<absl::Status>& statuses) {
  return static_cast<std::size_t>(
      std::count_if(statuses.begin(), statuses.end(), [](const auto& s) { return s.ok(); }));
}

class LimitsTest : public ::testing::Test {
 protected:
  testing::Database database_;
  ThreadLoop loop_;
};

TEST_F(LimitsTest, WhatFindsTheQueueFullIsUnavailableAtOnce) {
  Options options = database_.options();
  options.max_connections = 1;
  options.max_queue = 3;
  Pool pool(options);
  ASSERT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());  // it is connected
  const std::vector<absl::Status> statuses = loop_.run(sleep_at_once(pool, 10, 0.05));
  // The idle worker's, and those that queue behind it.
  EXPECT_GE(count_ok(statuses), 3u);
  EXPECT_LE(count_ok(statuses), 4u);
  for (const absl::Status& status : statuses) {
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnavailable) << status;
  }
  EXPECT_EQ(pool.stats().rejected, 10 - count_ok(statuses));
}

TEST_F(LimitsTest, WhatWaitsLongerThanTheAcquireTimeoutIsUnavailable) {
  Options options = database_.options();
  options.max_connections = 1;
  options.acquire_timeout = milliseconds(50);
  Pool pool(options);
  ASSERT_TRUE(testing::eventually([&] { return pool.stats().connected == 1; }));
  const auto impatient = [](Pool& p) -> Task<Duration> {
    const auto begin = Clock::now();
    const absl::Status status = co_await sleep_in_postgres(p, 0);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    co_return Clock::now() - begin;
  };
  const auto [slow, waited] =
      loop_.run(testing::both(sleep_in_postgres(pool, 0.5), impatient(pool)));
  EXPECT_TRUE(slow.ok()) << slow;
  EXPECT_GE(waited, milliseconds(50));
  EXPECT_LT(waited, milliseconds(300));
  EXPECT_EQ(pool.stats().timed_out, 1u);
}

TEST_F(LimitsTest, ThePoolGrowsWhenWorkQueuesAndShrinksWhenItIsIdle) {
  Options options = database_.options();
  options.min_connections = 1;
  options.max_connections = 4;
  options.idle_timeout = milliseconds(100);
  Pool pool(options);
  ASSERT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());
  EXPECT_EQ(pool.stats().workers, 1u);
  EXPECT_EQ(count_ok(loop_.run(sleep_at_once(pool, 8, 0.2))), 8u);
  EXPECT_EQ(pool.stats().connects, 4u);
  EXPECT_TRUE(testing::eventually([&] { return pool.stats().connected == 1; }));
  EXPECT_EQ(pool.stats().workers, 1u);
  EXPECT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());
}

TEST_F(LimitsTest, ALightLoadKeepsAPoolSmall) {
  Options options = database_.options();
  options.max_connections = 8;
  Pool pool(options);
  ASSERT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(loop_.run(sleep_in_postgres(pool, 0)).ok());
  // One, and on a machine that stalled for some milliseconds another.
  EXPECT_LE(pool.stats().workers, 3u);
}

TEST_F(LimitsTest, JobsAreServedInTheOrderTheyCame) {
  Options options = database_.options();
  options.max_connections = 1;
  Pool pool(options);
  database_.psql().run("CREATE TABLE log (at bigint GENERATED ALWAYS AS IDENTITY, job bigint)");
  const auto job = [](Pool& p, int number) -> Task<absl::Status> {
    auto fn = [number](Transaction& transaction) -> absl::Status {
      static constexpr Statement kLog{"log", "INSERT INTO log (job) VALUES ($1)"};
      transaction.run(kLog, number);
      return absl::OkStatus();
    };
    co_return co_await p.transact(std::move(fn));
  };
  std::vector<Task<absl::Status>> jobs;
  for (int i = 0; i < 50; ++i) jobs.push_back(job(pool, i));
  const auto all = [](std::vector<Task<absl::Status>> tasks) -> Task<std::size_t> {
    co_return count_ok(co_await join_all(std::move(tasks)));
  };
  EXPECT_EQ(loop_.run(all(std::move(jobs))), 50u);
  EXPECT_EQ(database_.psql().value("SELECT count(*) FROM log WHERE at = job + 1"), "50");
}

}  // namespace
}  // namespace weir::postgres
