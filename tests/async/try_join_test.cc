// SPDX-License-Identifier: Apache-2.0
#include "async/try_join.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "async/or_return.h"
#include "async/shielded.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::status_after;
using testing::until_cancelled;

absl::Status early() { return absl::NotFoundError("early"); }
absl::Status late() { return absl::InternalError("late"); }

Task<absl::StatusOr<int>> int_after(Duration time, absl::StatusOr<int> result) {
  co_await or_return(co_await sleep(time));
  co_return result;
}

ASYNC_TEST(TryJoin, YieldsEveryValueInOrder) {
  auto make = []() -> Task<absl::StatusOr<std::unique_ptr<int>>> {
    co_return std::make_unique<int>(3);
  };
  auto all = co_await try_join(int_after(2s, 1), status_after(1s, absl::OkStatus()), make());
  CO_ASSERT_OK(all);
  static_assert(std::is_same_v<decltype(all)::value_type,
                               std::tuple<int, std::monostate, std::unique_ptr<int>>>);
  EXPECT_EQ(std::get<0>(*all), 1);
  EXPECT_EQ(*std::get<2>(*all), 3);
}

ASYNC_TEST(TryJoin, StopsTheRestAtTheErrorThatComesFirstInTime) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const auto result =
      co_await try_join(int_after(5s, late()), int_after(1s, early()), until_cancelled());
  EXPECT_EQ(result.status(), early());
  EXPECT_EQ(context.loop().now(), begin + 1s);
  EXPECT_FALSE(context.is_cancelled());
}

ASYNC_TEST(TryJoin, AwaitsATaskThatWillNotStop) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto result = co_await try_join(shielded(int_after(5s, 1)), int_after(1s, early()));
  EXPECT_EQ(result.status(), early());
  EXPECT_EQ(context.loop().now(), begin + 5s);
}

ASYNC_TEST(TryJoin, KeepsTheFirstErrorThoughOthersFailWhileStopping) {
  auto fails_when_stopped = []() -> Task<absl::Status> {
    (void)co_await until_cancelled();
    co_return late();
  };
  const auto result = co_await try_join(fails_when_stopped(), status_after(1s, early()));
  EXPECT_EQ(result.status(), early());
}

ASYNC_TEST(TryJoin, StopsTheRestWhenATaskThrowsAndThrowsAtTheEnd) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto throws = []() -> Task<absl::Status> {
    (void)co_await sleep(1s);
    throw std::runtime_error("thrown");
  };
  std::string caught;
  try {
    (void)co_await try_join(until_cancelled(), throws());
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "thrown");
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(TryJoin, SeesAnErrorOfATaskThatEndedInOrReturnAndDestroysItsLocals) {
  int alive = 0;
  auto fails = [](int& count) -> Task<absl::StatusOr<int>> {
    const Alive held(count);
    co_await or_return(status_after(1s, early()));
    co_return 1;
  };
  auto waits = [](int& count) -> Task<absl::Status> {
    (void)co_await until_cancelled();
    (void)co_await shielded(status_after(1s, absl::OkStatus()));
    EXPECT_EQ(count, 0);  // gone before its sibling went on
    co_return absl::OkStatus();
  };
  const auto result = co_await try_join(fails(alive), waits(alive));
  EXPECT_EQ(result.status(), early());
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(TryJoin, EndsWithItsCallersCancellation) {
  auto body = []() -> Task<absl::Status> {
    const auto result = co_await try_join(until_cancelled(), until_cancelled());
    co_return result.status();
  };
  const absl::Status status = co_await timeout(1s, body());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
}

ASYNC_TEST(TryJoinAll, YieldsEveryValueInOrder) {
  std::vector<Task<absl::StatusOr<int>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(int_after((20 - i) * 1ms, i));
  const absl::StatusOr<std::vector<int>> all = co_await try_join_all(std::move(tasks));
  CO_ASSERT_OK(all);
  for (int i = 0; i < 20; ++i) EXPECT_EQ((*all)[static_cast<std::size_t>(i)], i);
}

ASYNC_TEST(TryJoinAll, OfNothingIsAnEmptySuccess) {
  const auto none = co_await try_join_all(std::vector<Task<absl::StatusOr<int>>>());
  CO_ASSERT_OK(none);
  EXPECT_TRUE(none->empty());
}

ASYNC_TEST(TryJoinAll, StopsTheRestAtTheFirstError) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(until_cancelled());
  tasks.push_back(status_after(1s, early()));
  tasks.push_back(status_after(2s, late()));
  const auto result = co_await try_join_all(std::move(tasks));
  EXPECT_EQ(result.status(), early());
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(TryJoinAll, ThrowsWhatATaskThrew) {
  auto throws = []() -> Task<absl::Status> {
    throw std::runtime_error("thrown");
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  tasks.push_back(until_cancelled());
  tasks.push_back(throws());
  bool caught = false;
  try {
    (void)co_await try_join_all(std::move(tasks));
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

}  // namespace
}  // namespace weir
