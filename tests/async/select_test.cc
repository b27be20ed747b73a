// SPDX-License-Identifier: Apache-2.0
#include "async/select.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/shielded.h"
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

Task<absl::StatusOr<Permit>> acquire(Semaphore& semaphore) {
  co_return co_await semaphore.acquire();
}

ASYNC_TEST(Select, YieldsTheFirstResultByPosition) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const auto first = co_await select(until_cancelled(), value_after(1s, std::string("hello")));
  static_assert(std::is_same_v<decltype(first), const std::variant<absl::Status, std::string>>);
  CO_ASSERT_TRUE(first.index() == 1);
  EXPECT_EQ(std::get<1>(first), "hello");
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(Select, PrefersTheEarlierArgumentAmongThoseReadyAtOnce) {
  auto now = [](int value) -> Task<int> { co_return value; };
  const auto first = co_await select(now(1), now(2));
  CO_ASSERT_TRUE(first.index() == 0);
  EXPECT_EQ(std::get<0>(first), 1);
}

ASYNC_TEST(Select, TellsTheTasksBehindAReadyOneBeforeTheyBegin) {
  auto now = []() -> Task<int> { co_return 1; };
  Semaphore semaphore(1);
  const auto first = co_await select(now(), acquire(semaphore));
  EXPECT_EQ(first.index(), 0U);
  EXPECT_EQ(semaphore.available(), 1U);
}

ASYNC_TEST(Select, OfVoidTasksYieldsMonostate) {
  auto nothing = []() -> Task<void> { (void)co_await settle(); };
  const auto first = co_await select(nothing(), until_cancelled());
  static_assert(std::is_same_v<decltype(first), const std::variant<std::monostate, absl::Status>>);
  EXPECT_EQ(first.index(), 0U);
}

ASYNC_TEST(Select, AwaitsALoserThatWillNotStop) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const auto first = co_await select(value_after(1s, 1), shielded(value_after(4s, 2)));
  EXPECT_EQ(first.index(), 0U);
  EXPECT_EQ(context.loop().now(), begin + 4s);
}

ASYNC_TEST(Select, ReleasesWhatALoserStillAcquired) {
  Semaphore semaphore(1);
  std::optional<Permit> held = semaphore.try_acquire();
  CO_ASSERT_TRUE(held.has_value());
  // Both happen at the same moment: in some schedules the loser is granted the permit.
  auto release_at = [](std::optional<Permit>& permit) -> Task<void> {
    (void)co_await sleep(1s);
    permit.reset();
  };
  const auto first = co_await select(acquire(semaphore), release_at(held));
  (void)first;
  EXPECT_LE(semaphore.available(), 1U);
  EXPECT_EQ(semaphore.waiting(), 0U);
  const bool won_by_permit = first.index() == 0 && std::get<0>(first).ok();
  EXPECT_EQ(semaphore.available(), won_by_permit ? 0U : 1U);
}

ASYNC_TEST(Select, DestroysTheLosersBeforeItsCallerGoesOn) {
  int alive = 0;
  auto loser = [](Alive held) -> Task<absl::StatusOr<int>> {
    (void)held;
    co_await or_return(until_cancelled());
    co_return 1;
  };
  const auto first = co_await select(loser(Alive(alive)), value_after(1s, 2), loser(Alive(alive)));
  EXPECT_EQ(first.index(), 1U);
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(Select, ThrowsWhatTheWinnerThrewAndDropsWhatALoserThrows) {
  auto throws_after = [](Duration time) -> Task<int> {
    (void)co_await sleep(time);
    throw std::runtime_error("thrown");
  };
  bool caught = false;
  try {
    (void)co_await select(until_cancelled(), throws_after(1s));
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  const auto first = co_await select(throws_after(1h), value_after(1s, 1));
  EXPECT_EQ(first.index(), 1U);
}

ASYNC_TEST(Select, LeavesItsCallerUncancelled) {
  (void)co_await select(until_cancelled(), value_after(1s, 1));
  const Context& context = co_await this_context();
  EXPECT_FALSE(context.is_cancelled());
}

ASYNC_TEST(Select, PassesItsCallersCancellationOn) {
  auto body = []() -> Task<absl::Status> {
    const auto first = co_await select(until_cancelled(), until_cancelled());
    co_return first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
  };
  const absl::Status status = co_await timeout(1s, body());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
}

// Over a hundred rounds of one schedule each argument begins first now and then, and the seed says
// when.
ASYNC_TEST(SelectFair, StarvesNoneOfThoseThatAreAlwaysReady) {
  auto now = [](int value) -> Task<int> { co_return value; };
  std::array<int, 3> won{};
  for (int i = 0; i < 100; ++i) {
    const auto first = co_await select_fair(now(1), now(2), now(3));
    ++won[first.index()];
  }
  for (const int count : won) EXPECT_GE(count, 10);
}

TEST(SelectFair, IsReplayedByTheSeed) {
  auto order = [](std::vector<std::size_t>& winners) -> Task<void> {
    auto now = [](int value) -> Task<int> { co_return value; };
    for (int i = 0; i < 50; ++i) {
      winners.push_back((co_await select_fair(now(1), now(2))).index());
    }
  };
  auto winners_of = [&](std::uint64_t seed) {
    std::vector<std::size_t> winners;
    testing::TestLoop loop(seed);
    EXPECT_EQ(loop.run(order(winners)), "");
    return winners;
  };
  EXPECT_EQ(winners_of(1), winners_of(1));
  EXPECT_NE(winners_of(1), winners_of(2));
}

}  // namespace
}  // namespace weir
