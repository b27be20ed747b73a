// SPDX-License-Identifier: Apache-2.0
#include "async/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Task<TimePoint> acquired(RateLimiter& limiter, std::size_t units = 1) {
  const absl::Status status = co_await limiter.acquire(units);
  EXPECT_TRUE(status.ok()) << status;
  co_return (co_await this_context()).loop().now();
}

ASYNC_TEST(RateLimiter, LetsABurstThroughAndThenTheRate) {
  RateLimiter limiter(10, 1s, 3);
  const TimePoint begin = (co_await this_context()).loop().now();
  std::vector<Duration> came;
  for (int i = 0; i < 6; ++i) came.push_back(co_await acquired(limiter) - begin);
  EXPECT_EQ(came, (std::vector<Duration>{0ms, 0ms, 0ms, 100ms, 200ms, 300ms}));
}

ASYNC_TEST(RateLimiter, FillsUpToTheBurstAndNoFurther) {
  RateLimiter limiter(10, 1s, 3);
  const EventLoop& loop = (co_await this_context()).loop();
  EXPECT_EQ(limiter.available(loop.now()), 3U);
  EXPECT_TRUE(limiter.try_acquire(loop.now(), 3));
  EXPECT_EQ(limiter.available(loop.now()), 0U);
  EXPECT_FALSE(limiter.try_acquire(loop.now()));
  (void)co_await sleep(199ms);
  EXPECT_EQ(limiter.available(loop.now()), 1U);
  EXPECT_FALSE(limiter.try_acquire(loop.now(), 2));
  EXPECT_EQ(limiter.available(loop.now()), 1U);
  (void)co_await sleep(1h);
  EXPECT_EQ(limiter.available(loop.now()), 3U);
  EXPECT_TRUE(limiter.try_acquire(loop.now(), 2));
  EXPECT_FALSE(limiter.try_acquire(loop.now(), 2));
}

ASYNC_TEST(RateLimiter, RefusesWhatTheBucketNeverHolds) {
  RateLimiter limiter(10, 1s, 3);
  EXPECT_TRUE(absl::IsInvalidArgument(co_await limiter.acquire(4)));
  EXPECT_FALSE(limiter.try_acquire((co_await this_context()).loop().now(), 4));
  EXPECT_EQ(limiter.available((co_await this_context()).loop().now()), 3U);
}

ASYNC_TEST(RateLimiter, LetsNobodyOvertakeTheOneThatAsksForMany) {
  RateLimiter limiter(10, 1s, 5);
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  EXPECT_TRUE(limiter.try_acquire(begin, 5));
  auto late = [](RateLimiter& limit) -> Task<TimePoint> {
    (void)co_await sleep(250ms);
    EXPECT_EQ(limit.waiting(), 1U);
    EXPECT_FALSE(limit.try_acquire((co_await this_context()).loop().now()));
    co_return co_await acquired(limit);
  };
  const auto [many, one] = co_await join(acquired(limiter, 5), late(limiter));
  EXPECT_EQ(many, begin + 500ms);
  EXPECT_EQ(one, begin + 600ms);
}

// Given up at every tenth of the wait, the next in the queue is served as if it had not been there.
ASYNC_TEST(RateLimiter, LosesNothingToACancelledWait) {
  for (int given_up = 0; given_up <= 10; ++given_up) {
    RateLimiter limiter(10, 1s, 5);
    const TimePoint begin = (co_await this_context()).loop().now();
    EXPECT_TRUE(limiter.try_acquire(begin, 5));
    auto impatient = [](RateLimiter& limit, Duration patience) -> Task<absl::Status> {
      co_return co_await timeout(patience, limit.acquire(5));
    };
    auto second = [](RateLimiter& limit) -> Task<TimePoint> {
      (void)co_await testing::settle();
      co_return co_await acquired(limit);
    };
    const auto [first, served] =
        co_await join(impatient(limiter, given_up * 50ms), second(limiter));
    if (first.ok()) {
      EXPECT_EQ(given_up, 10);
      EXPECT_EQ(served, begin + 600ms);
    } else {
      EXPECT_EQ(served, begin + std::max<Duration>(given_up * 50ms, 100ms));
    }
    EXPECT_EQ(limiter.waiting(), 0U);
  }
}

// An odd rate: no unit too many, however long it runs.
ASYNC_TEST(RateLimiter, NeverExceedsItsRate) {
  RateLimiter limiter(7, 1s, 1);
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  for (int i = 0; i <= 70; ++i) (void)co_await acquired(limiter);
  EXPECT_GE(loop.now(), begin + 10s);
  EXPECT_LE(loop.now(), begin + 10s + 70ns);
}

TEST(RateLimiter, WhatIsOwedIsWaitedForAndIsBounded) {
  RateLimiter limiter(10, std::chrono::seconds(1), 20);
  TimePoint now{std::chrono::hours(1)};
  limiter.charge(now, 30);
  EXPECT_EQ(limiter.available(now), 0u);
  now += std::chrono::seconds(1);
  EXPECT_FALSE(limiter.try_acquire(now));
  now += std::chrono::milliseconds(100);
  EXPECT_TRUE(limiter.try_acquire(now));
  limiter.charge(now, 1'000'000);
  now += std::chrono::seconds(2);
  EXPECT_FALSE(limiter.try_acquire(now));
  now += std::chrono::milliseconds(100);
  EXPECT_TRUE(limiter.try_acquire(now));
}

TEST(RateLimiterAcrossThreads, OneThatTriesIsNotInTheWayOfAnother) {
  constexpr int kEach = 100'000;
  RateLimiter limiter(1, std::chrono::hours(1), 2 * kEach);
  const TimePoint now = std::chrono::steady_clock::now();
  std::atomic<int> given = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) given += limiter.try_acquire(now);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(given, 2 * kEach);
}

TEST(RateLimiterAcrossThreads, GivesOutNoMoreThanItHas) {
  RateLimiter limiter(10'000, 1s, 10);
  const TimePoint begin = std::chrono::steady_clock::now();
  std::atomic<int> taken = 0;
  auto work = [](RateLimiter& limit, std::atomic<int>& count) -> Task<void> {
    for (int i = 0; i < 50; ++i) {
      if (i % 5 == 0) {
        count += (co_await timeout(50us, limit.acquire())).ok();
      } else {
        EXPECT_TRUE((co_await limit.acquire()).ok());
        ++count;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      ThreadLoop loop;
      loop.run(work(limiter, taken));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(taken, 4 * 40);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, (taken - 10) * 100us);
}

}  // namespace
}  // namespace weir
