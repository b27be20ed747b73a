// SPDX-License-Identifier: Apache-2.0
// What lends, paces and streams, told to stop at every point there is: see
// cancel_everywhere_test.cc for the primitives below them.

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "async/interval.h"
#include "async/pool.h"
#include "async/rate_limiter.h"
#include "async/stream/buffered.h"
#include "async/stream/iter.h"
#include "async/stream/map.h"
#include "async/stream/merge.h"
#include "async/testing/cancel_everywhere.h"
#include "async/with_scope.h"
#include "async/worker_pool.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::cancel_everywhere;

// One connection, which takes time to make and to check.
struct PoolWorld {
  int alive = 0;
  Pool<Alive> pool{PoolOptions{.max = 1, .seed = 1}, [this] { return make(); },
                   [](Alive&) { return testing::sleep_for(1ms); }};

  Task<absl::StatusOr<Alive>> make() {
    co_await or_return(co_await sleep(1ms));
    co_return Alive(alive);
  }
  Task<absl::Status> use() {
    const Lease<Alive> lease = co_await or_return(pool.acquire());
    EXPECT_EQ(alive, 1);
    co_return co_await sleep(1ms);
  }
  Task<absl::Status> victim() {
    co_await or_return(use());
    co_return co_await use();
  }
  Task<void> others() {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE((co_await use()).ok());
  }
  Task<void> check(absl::Status) {
    EXPECT_EQ(pool.stats().waiting, 0U);
    EXPECT_EQ(pool.stats().open, pool.stats().idle);
    EXPECT_TRUE((co_await pool.close()).ok());
    EXPECT_EQ(alive, 0);
  }
};

TEST(CancelEverywhere, LosesNothingThatAPoolLends) {
  EXPECT_GE(cancel_everywhere<PoolWorld>(), 8U);
}

// Two at once and then one each millisecond; two others take three.
struct RateLimiterWorld {
  RateLimiter limiter{1, 1ms, 2};

  Task<absl::Status> victim() {
    co_await or_return(limiter.acquire());
    co_return co_await limiter.acquire(2);
  }
  Task<void> others() {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE((co_await limiter.acquire()).ok());
  }
  Task<void> check(absl::Status) {
    EXPECT_EQ(limiter.waiting(), 0U);
    (void)co_await sleep(2ms);
    const TimePoint now = (co_await this_context()).loop().now();
    EXPECT_EQ(limiter.available(now), 2U);
  }
};

TEST(CancelEverywhere, HoldsUpNoRateLimiter) {
  EXPECT_GE(cancel_everywhere<RateLimiterWorld>(), 3U);
}

struct WorkerPoolWorld {
  WorkerPool workers{1, 2};
  int alive = 0;

  Task<absl::Status> work() {
    const Alive here(alive);
    EXPECT_EQ(alive, 1);
    co_return co_await sleep(1ms);
  }
  Task<absl::Status> victim() {
    co_await or_return(workers.submit(work()));
    co_return co_await workers.submit(work());
  }
  Task<void> others() {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE((co_await workers.submit(work())).ok());
  }
  Task<void> check(absl::Status) {
    EXPECT_EQ(workers.idle_workers(), 1U);
    EXPECT_TRUE((co_await workers.close()).ok());
    EXPECT_EQ(alive, 0);
  }
};

TEST(CancelEverywhere, LosesNoWorker) { EXPECT_GE(cancel_everywhere<WorkerPoolWorld>(), 5U); }

// A cancelled tick is not lost: the next one asks for the same.
struct IntervalWorld {
  Interval interval{10ms};
  std::vector<TimePoint> ticks;

  Task<absl::Status> victim() {
    for (int i = 0; i < 3; ++i) ticks.push_back(co_await or_return(co_await interval.tick()));
    co_return absl::OkStatus();
  }
  Task<void> others() { co_return; }
  Task<void> check(absl::Status) {
    while (ticks.size() < 4) {
      const absl::StatusOr<TimePoint> tick = co_await interval.tick();
      CO_ASSERT_OK(tick);
      ticks.push_back(*tick);
    }
    for (std::size_t i = 1; i < ticks.size(); ++i) EXPECT_EQ(ticks[i] - ticks[i - 1], 10ms);
  }
};

TEST(CancelEverywhere, LosesNoTickOfAnInterval) {
  EXPECT_GE(cancel_everywhere<IntervalWorld>(), 3U);
}

// Streams that run tasks of their own: all have ended when the scope has.
struct StreamsWorld {
  int alive = 0;
  int next = 0;

  Task<absl::StatusOr<int>> call(int value) {
    const Alive here(alive);
    co_await or_return(co_await sleep((value % 3 + 1) * 1ms));
    co_return value;
  }
  Task<absl::Status> read(TaskScope& scope) {
    auto numbers = map(iter(testing::one_to(4)), [this](int value) { return call(value); });
    auto results = buffered(scope, std::move(numbers), 2);
    auto ready = [](int value) -> absl::StatusOr<int> { return value; };
    auto others = map(iter(testing::one_to(2)), ready);
    Stream<absl::StatusOr<int>> all = merge(scope, std::move(results), std::move(others));
    while (const std::optional<int> value = co_await or_return(try_next(all))) {
      next += *value;
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> victim() {
    auto body = [this](TaskScope& scope) { return read(scope); };
    co_return co_await with_scope(body);
  }
  Task<void> others() { co_return; }
  Task<void> check(absl::Status ended) {
    EXPECT_EQ(alive, 0);
    if (ended.ok()) {
      EXPECT_EQ(next, 13);
    }
    co_return;
  }
};

TEST(CancelEverywhere, LeavesNoTaskOfAStream) {
  EXPECT_GE(cancel_everywhere<StreamsWorld>(10), 5U);
}

}  // namespace
}  // namespace weir
