// SPDX-License-Identifier: Apache-2.0
#include "async/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using testing::Alive;

constexpr int kDeep = 1'000'000;

Task<int> number(int value) { co_return value; }

Task<void> throws_after_a_wait() {
  (void)co_await testing::settle();
  throw std::runtime_error("from within");
}

Task<int> holds(Alive held, int value) {
  (void)held;
  co_return value;
}

Task<int> holds_across_a_wait(Alive held, int value) {
  (void)held;
  (void)co_await testing::settle();
  co_return value;
}

Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await nested(depth - 1);
}

Task<int> nested_below_a_wait(int depth) {
  if (depth == 0) {
    (void)co_await testing::settle();
    co_return 0;
  }
  co_return 1 + co_await nested_below_a_wait(depth - 1);
}

ASYNC_TEST(Task, IsLazyAndNeverBeginsUnlessAwaited) {
  bool begun = false;
  auto body = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  {
    const Task<void> never = body(begun);
  }
  EXPECT_FALSE(begun);
  co_await body(begun);
  EXPECT_TRUE(begun);
}

ASYNC_TEST(Task, DestroysItsParametersWhenItNeverBegins) {
  int alive = 0;
  {
    const Task<int> never = holds(Alive(alive), 1);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
  co_return;
}

ASYNC_TEST(Task, YieldsMoveOnlyValues) {
  auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  const std::unique_ptr<int> value = co_await make();
  EXPECT_EQ(*value, 7);
}

ASYNC_TEST(Task, MovesAndSwapsLikeAValue) {
  Task<int> task = number(1);
  Task<int> other = number(2);
  task.swap(other);
  const int two = co_await std::move(task);
  EXPECT_EQ(two, 2);
  task = std::move(other);
  const int one = co_await std::move(task);
  EXPECT_EQ(one, 1);
}

ASYNC_TEST(Task, LetsAnExceptionOutOfTheAwaitAfterAnyNumberOfWaits) {
  std::string caught;
  try {
    co_await throws_after_a_wait();
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "from within");
}

ASYNC_TEST(Task, UnwindsThroughEveryAwaiterOfAnException) {
  int alive = 0;
  auto middle = [](Alive held) -> Task<void> {
    (void)held;
    co_await throws_after_a_wait();
  };
  auto outer = [&middle](Alive held, int& count) -> Task<void> {
    (void)held;
    co_await middle(Alive(count));
  };
  bool caught = false;
  try {
    co_await outer(Alive(alive), alive);
  } catch (const std::runtime_error&) {
    caught = true;
    EXPECT_EQ(alive, 0);
  }
  EXPECT_TRUE(caught);
}

ASYNC_TEST(Task, DestroysItsFrameBeforeTheAwaiterGoesOn) {
  int alive = 0;
  const int at_once = co_await holds(Alive(alive), 1);
  EXPECT_EQ(at_once, 1);
  EXPECT_EQ(alive, 0);
  const int later = co_await holds_across_a_wait(Alive(alive), 2);
  EXPECT_EQ(later, 2);
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(Task, DestroysOneFrameBeforeTheNextAwaitInTheSameExpression) {
  int alive = 0;
  auto looks = [](const int& count) -> Task<int> { co_return count; };
  // A comma, because the operands of most other operators have no order.
  const int seen = (co_await holds_across_a_wait(Alive(alive), 10), co_await looks(alive));
  EXPECT_EQ(seen, 0);
}

TEST(TaskStack, DoesNotGrowOverAMillionAwaitsThatCompleteAtOnce) {
  auto sum = []() -> Task<std::int64_t> {
    std::int64_t total = 0;
    for (int i = 0; i < kDeep; ++i) total += co_await number(1);
    co_return total;
  };
  ThreadLoop loop;
  EXPECT_EQ(loop.run(sum()), kDeep);
}

TEST(TaskStack, DoesNotGrowWithAMillionNestedAwaits) {
  ThreadLoop loop;
  EXPECT_EQ(loop.run(nested(kDeep)), kDeep);
  EXPECT_EQ(loop.run(nested_below_a_wait(kDeep)), kDeep);
}

}  // namespace
}  // namespace weir
