// SPDX-License-Identifier: Apache-2.0
#include "async/timeout.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

#include "async/or_return.h"
#include "async/shielded.h"
#include "async/testing/async_test.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::until_cancelled;
using testing::value_after;

Task<absl::StatusOr<int>> answer_after(Duration time, int value) {
  co_await or_return(co_await sleep(time));
  co_return value;
}

ASYNC_TEST(Timeout, YieldsWhatTheTaskYieldsInTime) {
  const absl::StatusOr<int> plain = co_await timeout(2s, value_after(1s, 7));
  EXPECT_EQ(plain.value(), 7);
  const absl::StatusOr<int> fallible = co_await timeout(2s, answer_after(1s, 8));
  EXPECT_EQ(fallible.value(), 8);
  auto nothing = []() -> Task<void> { (void)co_await sleep(1s); };
  const absl::Status status = co_await timeout(2s, nothing());
  EXPECT_TRUE(status.ok());
}

ASYNC_TEST(Timeout, EndsATaskOfAnyKindAtTheDeadline) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const absl::StatusOr<int> plain = co_await timeout(1s, value_after(1h, 7));
  EXPECT_TRUE(absl::IsDeadlineExceeded(plain.status()));
  const absl::StatusOr<int> fallible = co_await timeout(1s, answer_after(1h, 8));
  EXPECT_TRUE(absl::IsDeadlineExceeded(fallible.status()));
  auto nothing = []() -> Task<void> { (void)co_await sleep(1h); };
  const absl::Status status = co_await timeout(1s, nothing());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(context.loop().now(), begin + 3s);
}

// A StatusOr answers for itself: the task was told to stop, but had its value already.
ASYNC_TEST(Timeout, KeepsAValueThatWasReadyAtTheLastMoment) {
  auto stubborn = []() -> Task<absl::StatusOr<int>> {
    (void)co_await sleep(1h);
    co_return 42;
  };
  const absl::StatusOr<int> value = co_await timeout(1s, stubborn());
  CO_ASSERT_OK(value);
  EXPECT_EQ(*value, 42);
}

ASYNC_TEST(Timeout, WaitsForATaskThatWillNotStop) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto slow = []() -> Task<void> { (void)co_await sleep(5s); };
  auto stubborn = [&slow]() -> Task<void> { co_await shielded(slow()); };
  const absl::Status status = co_await timeout(1s, stubborn());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(context.loop().now(), begin + 5s);
}

ASYNC_TEST(Timeout, EndsAtTheEarlierWhenNested) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const absl::Status outer = co_await timeout(1s, timeout(1h, until_cancelled()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(outer));
  EXPECT_EQ(context.loop().now(), begin + 1s);
  const absl::Status inner = co_await timeout(1h, timeout(1s, until_cancelled()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(inner));
  EXPECT_EQ(context.loop().now(), begin + 2s);
}

ASYNC_TEST(Timeout, LeavesItsCallerUncancelled) {
  const absl::Status inner = co_await timeout(1s, until_cancelled());
  EXPECT_TRUE(absl::IsDeadlineExceeded(inner));
  const Context& context = co_await this_context();
  EXPECT_FALSE(context.is_cancelled());
  CO_ASSERT_OK(co_await sleep(1s));
}

ASYNC_TEST(Timeout, ShowsItsDeadlineInTheContext) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto look = []() -> Task<TimePoint> { co_return (co_await this_context()).deadline(); };
  const absl::StatusOr<TimePoint> seen = co_await timeout(3s, look());
  EXPECT_EQ(seen.value(), begin + 3s);
  const absl::StatusOr<TimePoint> forever = co_await timeout(Duration::max(), look());
  EXPECT_EQ(forever.value(), kForever);
}

ASYNC_TEST(Timeout, OfNothingLetsTheTaskRunUntilItWaits) {
  int steps = 0;
  auto body = [](int& count) -> Task<absl::Status> {
    ++count;
    absl::Status status = co_await sleep(1s);
    ++count;
    co_return status;
  };
  const absl::Status status = co_await timeout(0s, body(steps));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(steps, 2);
  const absl::Status negative = co_await timeout(-1s, body(steps));
  EXPECT_TRUE(absl::IsDeadlineExceeded(negative));
  auto at_once = []() -> Task<int> { co_return 3; };
  const absl::StatusOr<int> value = co_await timeout(0s, at_once());
  EXPECT_EQ(value.value(), 3);
}

ASYNC_TEST(Timeout, LetsAnExceptionOut) {
  auto throws = []() -> Task<int> {
    (void)co_await sleep(1s);
    throw std::runtime_error("thrown");
  };
  bool caught = false;
  try {
    (void)co_await timeout(2s, throws());
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

ASYNC_TEST(Timeout, DestroysTheTaskBeforeItsCallerGoesOn) {
  int alive = 0;
  auto body = [](Alive held) -> Task<absl::Status> {
    (void)held;
    co_return co_await until_cancelled();
  };
  const absl::Status status = co_await timeout(1s, body(Alive(alive)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace weir
