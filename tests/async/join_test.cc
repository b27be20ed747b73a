// SPDX-License-Identifier: Apache-2.0
#include "async/join.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::until_cancelled;
using testing::value_after;

Task<int> throws_after(Duration time, std::string what) {
  (void)co_await sleep(time);
  throw std::runtime_error(what);
}

ASYNC_TEST(Join, RunsItsTasksAtTheSameTimeAndKeepsTheirOrder) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto nothing = []() -> Task<void> { co_return; };
  const auto [a, b, c] =
      co_await join(value_after(3s, 1), value_after(1s, std::string("two")), nothing());
  static_assert(std::is_same_v<decltype(c), const std::monostate>);
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, "two");
  EXPECT_EQ(context.loop().now(), begin + 3s);
}

ASYNC_TEST(Join, OfTasksThatEndAtOnceDoesNotSuspend) {
  auto now = [](int value) -> Task<std::unique_ptr<int>> {
    co_return std::make_unique<int>(value);
  };
  const auto [a, b] = co_await join(now(1), now(2));
  EXPECT_EQ(*a + *b, 3);
}

ASYNC_TEST(Join, ThrowsTheFirstExceptionInOrderOnceAllHaveEnded) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  std::string caught;
  try {
    (void)co_await join(value_after(5s, 1), throws_after(2s, "second"), throws_after(1s, "third"));
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "second");
  EXPECT_EQ(context.loop().now(), begin + 5s);
}

ASYNC_TEST(Join, PassesCancellationToEveryMember) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto both = []() -> Task<bool> {
    const auto [a, b] = co_await join(until_cancelled(), until_cancelled());
    co_return absl::IsDeadlineExceeded(a) && absl::IsDeadlineExceeded(b);
  };
  auto body = [&both](bool& told) -> Task<void> { told = co_await both(); };
  bool told = false;
  (void)co_await timeout(1s, body(told));
  EXPECT_TRUE(told);
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(Join, DestroysItsMembersBeforeItsCallerGoesOn) {
  int alive = 0;
  auto holder = [](Alive held, Duration time) -> Task<int> {
    (void)held;
    (void)co_await sleep(time);
    co_return 1;
  };
  const auto [a, b] = co_await join(holder(Alive(alive), 1s), holder(Alive(alive), 2s));
  EXPECT_EQ(a + b, 2);
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(Join, NestsInJoins) {
  auto pair = [](int base) -> Task<int> {
    const auto [a, b] = co_await join(value_after(base * 1ms, base), value_after(2ms, 1));
    co_return a + b;
  };
  const auto [a, b, c] = co_await join(pair(1), pair(2), pair(3));
  EXPECT_EQ(a + b + c, 9);
}

ASYNC_TEST(JoinAll, YieldsTheResultsInTheOrderOfTheTasks) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 50; ++i) tasks.push_back(value_after(((i * 7) % 50) * 1ms, i));
  const std::vector<int> results = co_await join_all(std::move(tasks));
  CO_ASSERT_TRUE(results.size() == 50);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i);
}

ASYNC_TEST(JoinAll, OfNothingIsEmptyAtOnce) {
  const std::vector<int> none = co_await join_all(std::vector<Task<int>>());
  EXPECT_TRUE(none.empty());
}

ASYNC_TEST(JoinAll, ThrowsTheFirstExceptionInOrder) {
  std::vector<Task<int>> tasks;
  tasks.push_back(value_after(1s, 1));
  tasks.push_back(throws_after(3s, "slow"));
  tasks.push_back(throws_after(2s, "quick"));
  std::string caught;
  try {
    (void)co_await join_all(std::move(tasks));
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "slow");
}

TEST(JoinAll, OfManyTasksThatEndAtOnceDoesNotGrowTheStack) {
  auto now = [](int value) -> Task<int> { co_return value; };
  auto body = [&now]() -> Task<std::size_t> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100'000; ++i) tasks.push_back(now(i));
    const std::vector<int> results = co_await join_all(std::move(tasks));
    co_return results.size();
  };
  auto run = [&body](std::size_t& size) -> Task<void> { size = co_await body(); };
  testing::TestLoop loop(1);
  std::size_t size = 0;
  EXPECT_EQ(loop.run(run(size)), "");
  EXPECT_EQ(size, 100'000U);
}

Task<void> holds_for(Duration time, Alive held) {
  (void)held;
  if (time > Duration::zero()) (void)co_await sleep(time);
}

Task<void> counts_after(Duration time, const int& alive, int expected) {
  (void)co_await sleep(time);
  EXPECT_EQ(alive, expected);
}

// A parameter lives as long as the frame. It may be what another member waits for.
ASYNC_TEST(Join, LetsGoOfATasksParametersWhenItEndsNotWhenAllHave) {
  int alive = 0;
  (void)co_await join(holds_for(1s, Alive(alive)), counts_after(2s, alive, 0));
  (void)co_await join(holds_for(0s, Alive(alive)), counts_after(0s, alive, 0));
  (void)co_await join(holds_for(3s, Alive(alive)), counts_after(2s, alive, 1));
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(JoinAll, LetsGoOfATasksParametersWhenItEndsNotWhenAllHave) {
  int alive = 0;
  std::vector<Task<void>> tasks;
  for (const int i : {0, 1, 3}) tasks.push_back(holds_for(i * 1s, Alive(alive)));
  tasks.push_back(counts_after(2s, alive, 1));
  (void)co_await join_all(std::move(tasks));
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace weir
