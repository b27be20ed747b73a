// SPDX-License-Identifier: Apache-2.0
#include "async/interval.h"

#include <gtest/gtest.h>

#include <vector>

#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// Ticks `count` times and is busy for `busy` after the second. Returns when each tick came, counted
// from the first.
Task<std::vector<Duration>> ticks(MissedTick missed, Duration busy, int count) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Interval interval(1s, missed);
  std::vector<Duration> came;
  for (int i = 0; i < count; ++i) {
    const absl::StatusOr<TimePoint> planned = co_await interval.tick();
    EXPECT_TRUE(planned.ok());
    came.push_back(loop.now() - begin);
    if (i == 1) (void)co_await sleep(busy);
  }
  co_return came;
}

ASYNC_TEST(Interval, TicksAtOnceAndThenEachPeriod) {
  const std::vector<Duration> came = co_await ticks(MissedTick::kBurst, 300ms, 4);
  EXPECT_EQ(came, (std::vector<Duration>{0s, 1s, 2s, 3s}));
}

ASYNC_TEST(Interval, CatchesUpInABurst) {
  const std::vector<Duration> came = co_await ticks(MissedTick::kBurst, 2500ms, 6);
  EXPECT_EQ(came, (std::vector<Duration>{0s, 1s, 3500ms, 3500ms, 4s, 5s}));
}

ASYNC_TEST(Interval, DelaysTheScheduleAfterAMissedTick) {
  const std::vector<Duration> came = co_await ticks(MissedTick::kDelay, 2500ms, 5);
  EXPECT_EQ(came, (std::vector<Duration>{0s, 1s, 3500ms, 4500ms, 5500ms}));
}

ASYNC_TEST(Interval, SkipsWhatItMissedAndKeepsTheSchedule) {
  const std::vector<Duration> came = co_await ticks(MissedTick::kSkip, 2500ms, 5);
  EXPECT_EQ(came, (std::vector<Duration>{0s, 1s, 3500ms, 4s, 5s}));
}

ASYNC_TEST(Interval, TakesATickWithinTheToleranceForOnTime) {
  const std::vector<Duration> came = co_await ticks(MissedTick::kDelay, 1005ms, 4);
  EXPECT_EQ(came, (std::vector<Duration>{0s, 1s, 2005ms, 3s}));
}

ASYNC_TEST(Interval, BeginsWhenItIsTold) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint start = loop.now() + 10s;
  Interval interval(start, 1s);
  const absl::StatusOr<TimePoint> first = co_await interval.tick();
  CO_ASSERT_OK(first);
  EXPECT_EQ(*first, start);
  EXPECT_EQ(loop.now(), start);
  interval.reset(loop.now() + 5s);
  const absl::StatusOr<TimePoint> second = co_await interval.tick();
  CO_ASSERT_OK(second);
  EXPECT_EQ(*second, start + 6s);
}

ASYNC_TEST(Interval, LosesNoTickToACancelledWait) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Interval interval(1s);
  (void)co_await interval.tick();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(absl::IsDeadlineExceeded((co_await timeout(300ms, interval.tick())).status()));
  }
  const absl::StatusOr<TimePoint> second = co_await interval.tick();
  CO_ASSERT_OK(second);
  EXPECT_EQ(*second, begin + 1s);
  EXPECT_EQ(loop.now(), begin + 1s);
}

}  // namespace
}  // namespace weir
