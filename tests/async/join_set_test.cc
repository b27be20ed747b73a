// SPDX-License-Identifier: Apache-2.0
#include "async/join_set.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::settle;
using testing::until_cancelled;
using testing::value_after;

ASYNC_TEST(JoinSet, YieldsResultsInTheOrderOfTheEnds) {
  JoinSet<int> set(co_await this_task());
  for (const int i : {5, 2, 4, 1, 3}) set.spawn(value_after(i * 1s, i));
  EXPECT_EQ(set.size(), 5U);
  std::vector<int> order;
  while (const std::optional<int> value = co_await set.join_next()) order.push_back(*value);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(set.empty());
}

ASYNC_TEST(JoinSet, KeepsWhatEndedBeforeItWasJoined) {
  JoinSet<int> set(co_await this_task());
  set.spawn(value_after(1s, 1));
  set.spawn(value_after(2s, 2));
  CO_ASSERT_OK(co_await sleep(10s));
  EXPECT_EQ(set.size(), 2U);
  const std::optional<int> first = co_await set.join_next();
  const std::optional<int> second = co_await set.join_next();
  const std::optional<int> none = co_await set.join_next();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  EXPECT_FALSE(none.has_value());
}

ASYNC_TEST(JoinSet, BeginsASpawnedTaskAtALaterTurn) {
  bool begun = false;
  auto body = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  JoinSet<void> set(co_await this_task());
  set.spawn(body(begun));
  EXPECT_FALSE(begun);
  const auto ended = co_await set.join_next();
  EXPECT_TRUE(ended.has_value());
  EXPECT_TRUE(begun);
}

ASYNC_TEST(JoinSet, AbortAllStopsEveryTaskAndTheirResultsStillComeOut) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  JoinSet<absl::Status> set(co_await this_task());
  for (int i = 0; i < 5; ++i) set.spawn(until_cancelled());
  (void)co_await settle();
  set.spawn(until_cancelled());  // may not even have begun
  set.abort_all();
  set.spawn(until_cancelled());  // spawned later
  int cancelled = 0;
  while (const std::optional<absl::Status> status = co_await set.join_next()) {
    cancelled += absl::IsCancelled(*status) ? 1 : 0;
  }
  EXPECT_EQ(cancelled, 7);
  EXPECT_LT(context.loop().now(), begin + 1s);
  EXPECT_FALSE(context.is_cancelled());
}

ASYNC_TEST(JoinSet, PassesItsOwnersCancellationToItsTasks) {
  auto body = []() -> Task<int> {
    JoinSet<absl::Status> set(co_await this_task());
    for (int i = 0; i < 3; ++i) set.spawn(until_cancelled());
    int exceeded = 0;
    while (const std::optional<absl::Status> status = co_await set.join_next()) {
      exceeded += absl::IsDeadlineExceeded(*status) ? 1 : 0;
    }
    co_return exceeded;
  };
  int exceeded = 0;
  auto outer = [&body](int& count) -> Task<void> { count = co_await body(); };
  (void)co_await timeout(1s, outer(exceeded));
  EXPECT_EQ(exceeded, 3);
}

ASYNC_TEST(JoinSet, OwnsTheCapturesAndArgumentsOfALambdaCoroutine) {
  int alive = 0;
  JoinSet<std::string> set(co_await this_task());
  {
    auto fn = [text = std::string("a text too long for the small buffer"), held = Alive(alive)](
                  const std::string& suffix, std::unique_ptr<int> number) -> Task<std::string> {
      (void)co_await sleep(1s);
      co_return text + suffix + std::to_string(*number);
    };
    set.spawn(std::move(fn), std::string(" and another such"), std::make_unique<int>(5));
  }
  EXPECT_EQ(alive, 1);
  const std::optional<std::string> result = co_await set.join_next();
  EXPECT_EQ(result, "a text too long for the small buffer and another such5");
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(JoinSet, FreesAPermitGivenToATaskWhenTheTaskEndsNotWhenItIsJoined) {
  Semaphore semaphore(2);
  auto worker = [](Permit permit, Duration time) -> Task<int> {
    (void)permit;
    (void)co_await sleep(time);
    co_return 1;
  };
  JoinSet<int> set(co_await this_task());
  // Ten tasks of a second each, two at a time, none joined before all were spawned.
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  for (int i = 0; i < 10; ++i) {
    absl::StatusOr<Permit> permit = co_await semaphore.acquire();
    CO_ASSERT_OK(permit);
    set.spawn(worker, *std::move(permit), Duration(1s));
  }
  int sum = 0;
  while (const std::optional<int> one = co_await set.join_next()) sum += *one;
  EXPECT_EQ(sum, 10);
  EXPECT_EQ(context.loop().now(), begin + 5s);
  EXPECT_EQ(semaphore.available(), 2U);
}

ASYNC_TEST(JoinSet, FreesWhatAnEarlyEndedTaskHeld) {
  Semaphore semaphore(1);
  auto fails = [](Semaphore& one) -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await one.acquire());
    (void)co_await sleep(1s);
    co_await or_return(absl::InternalError("broken"));
    co_return absl::OkStatus();
  };
  JoinSet<absl::Status> set(co_await this_task());
  for (int i = 0; i < 3; ++i) set.spawn(fails(semaphore));
  (void)co_await sleep(1h);
  EXPECT_EQ(semaphore.available(), 1U);
  while (const std::optional<absl::Status> status = co_await set.join_next()) {
    EXPECT_TRUE(absl::IsInternal(*status));
  }
}

ASYNC_TEST(JoinSet, ThrowsWhatATaskThrewFromJoinNext) {
  auto throws = []() -> Task<int> {
    (void)co_await settle();
    throw std::runtime_error("thrown");
  };
  JoinSet<int> set(co_await this_task());
  set.spawn(throws());
  set.spawn(value_after(1s, 1));
  bool caught = false;
  try {
    (void)co_await set.join_next();
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  const std::optional<int> other = co_await set.join_next();
  EXPECT_EQ(other, 1);
}

ASYNC_TEST(JoinSet, MayBeDestroyedWithResultsThatNobodyJoined) {
  int alive = 0;
  {
    auto holds = [](int& count) -> Task<std::unique_ptr<Alive>> {
      co_return std::make_unique<Alive>(count);
    };
    JoinSet<std::unique_ptr<Alive>> set(co_await this_task());
    set.spawn(holds(alive));
    CO_ASSERT_OK(co_await sleep(1s));
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

Task<void> destroys_a_running_set() {
  JoinSet<absl::Status> set(co_await this_task());
  set.spawn(until_cancelled());
  (void)co_await settle();
}

TEST(JoinSetDeathTest, EndsTheProcessWithAMessageWhenDestroyedWhileTasksRun) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        testing::TestLoop loop(1);
        (void)loop.run(destroys_a_running_set());
      },
      "JoinSet was destroyed while 1 of its tasks were running");
}

}  // namespace
}  // namespace weir
