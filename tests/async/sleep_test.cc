// SPDX-License-Identifier: Apache-2.0
#include "async/sleep.h"

#include <gtest/gtest.h>

#include <vector>

#include "async/join.h"
#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::settle;

ASYNC_TEST(Sleep, EndsExactlyAtItsTimeInVirtualTime) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  CO_ASSERT_OK(co_await sleep(10ms));
  EXPECT_EQ(context.loop().now(), begin + 10ms);
  CO_ASSERT_OK(co_await sleep_until(begin + 1h));
  EXPECT_EQ(context.loop().now(), begin + 1h);
}

ASYNC_TEST(Sleep, OfZeroOrLessEndsWithoutMovingTime) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  CO_ASSERT_OK(co_await sleep(Duration::zero()));
  CO_ASSERT_OK(co_await sleep(-5s));
  CO_ASSERT_OK(co_await sleep_until(begin - 1h));
  EXPECT_EQ(context.loop().now(), begin);
}

ASYNC_TEST(Sleep, WakesSleepersInTheOrderOfTheirTimes) {
  std::vector<int> order;
  auto sleeper = [](int tenth, std::vector<int>& out) -> Task<void> {
    (void)co_await sleep(tenth * 100ms);
    out.push_back(tenth);
  };
  std::vector<Task<void>> tasks;
  for (const int tenth : {5, 3, 9, 1, 7, 2, 8, 4, 6}) tasks.push_back(sleeper(tenth, order));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

ASYNC_TEST(Sleep, EndsAtOnceWhenTheTaskIsToldToStop) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto forever = []() -> Task<absl::Status> { co_return co_await sleep(Duration::max()); };
  auto briefly = []() -> Task<absl::Status> { co_return co_await sleep(1s); };
  const auto first = co_await select(forever(), briefly());
  EXPECT_EQ(first.index(), 1U);
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(Sleep, DoesNotBeginInATaskThatWasToldToStop) {
  auto body = []() -> Task<absl::Status> {
    const absl::Status first = co_await sleep(1h);
    EXPECT_TRUE(absl::IsDeadlineExceeded(first));
    co_return co_await sleep(1h);
  };
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const absl::Status status = co_await timeout(1s, body());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(Sleep, IsOkOrExceededButNeverBothWhenItEndsAtTheDeadline) {
  auto body = []() -> Task<absl::Status> { co_return co_await sleep(1s); };
  const absl::Status status = co_await timeout(1s, body());
  EXPECT_TRUE(status.ok() || absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace weir
