// SPDX-License-Identifier: Apache-2.0
// What loses a select at the very moment at which it gets what it waited for takes nothing; and
// what is always ready does not keep the others from running.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "async/interval.h"
#include "async/join.h"
#include "async/join_set.h"
#include "async/mpsc.h"
#include "async/notify.h"
#include "async/oneshot.h"
#include "async/pool.h"
#include "async/rate_limiter.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/testing/cancel_everywhere.h"
#include "async/timeout.h"
#include "async/try_join.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeeds = 50;

Task<absl::Status> nap(Duration time) { co_return co_await sleep(time); }
Task<absl::StatusOr<TimePoint>> tick_of(Interval& interval) { co_return co_await interval.tick(); }
Task<absl::StatusOr<int>> receive(mpsc::Receiver<int>& from) { co_return co_await from.recv(); }

ASYNC_TEST_UNDER_SEEDS(LostNothing, ATickThatLosesComesAgain, kSeeds) {
  Interval interval(1s);
  TimePoint last = (co_await interval.tick()).value();
  for (int ticks = 0; ticks < 5;) {
    const auto first = co_await select(nap(1s), tick_of(interval));
    if (first.index() == 0) continue;
    const TimePoint tick = std::get<1>(first).value();
    EXPECT_EQ(tick - last, 1s);
    last = tick;
    ++ticks;
  }
}

ASYNC_TEST_UNDER_SEEDS(LostNothing, ATickThatIsDueIsReady, kSeeds) {
  auto [sender, receiver] = mpsc::unbounded_channel<int>();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(sender.send(i).ok());
  Interval interval(1s);
  (void)co_await interval.tick();
  (void)co_await sleep(10s);
  const auto first = co_await select(tick_of(interval), receive(receiver));
  EXPECT_EQ(first.index(), 0u);
  int messages = 0;
  for (;;) {
    const auto fair = co_await select_fair(receive(receiver), tick_of(interval));
    if (fair.index() == 1) break;
    if (++messages == 90) break;
  }
  EXPECT_LT(messages, 90);
}

ASYNC_TEST_UNDER_SEEDS(LostNothing, UnitsOfALimiterAreThereForTheNext, kSeeds) {
  RateLimiter limiter(1, 1s, 1);
  EXPECT_TRUE((co_await limiter.acquire()).ok());
  const auto first = co_await select(nap(1s), limiter.acquire());
  if (first.index() == 1) co_return;
  EXPECT_EQ(limiter.available((co_await this_context()).loop().now()), 1u);
}

// A select that ends at a deadline drops what the others got meanwhile: it is still there.
struct TwoChannels {
  using Channel = std::pair<mpsc::Sender<int>, mpsc::Receiver<int>>;
  Channel one = mpsc::channel<int>(4);
  Channel other = mpsc::channel<int>(4);

  Task<absl::Status> victim() {
    auto first = co_await select(receive(one.second), receive(other.second));
    const auto& got = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
    co_return got.status();
  }
  Task<void> others() {
    (void)co_await sleep(1ms);
    (void)co_await one.first.send(7);
  }
  Task<void> check(absl::Status ended) {
    if (!ended.ok()) {
      EXPECT_TRUE(one.second.try_recv().ok()) << ended;
    }
    co_return;
  }
};

TEST(LostNothing, ByASelectThatIsToldToStop) {
  EXPECT_GE(testing::cancel_everywhere<TwoChannels>(), 2u);
}

ASYNC_TEST(LostNothing, WhatComesAfterAWinnerNeverBegins) {
  auto [sender, receiver] = oneshot::channel<int>();
  EXPECT_TRUE(sender.send(5));
  const auto now = []() -> Task<int> { co_return 1; };
  const auto from = [](oneshot::Receiver<int>& one) -> Task<absl::StatusOr<int>> {
    co_return co_await one.receive();
  };
  bool has_begun = false;
  const auto touch = [&]() -> Task<void> {
    has_begun = true;
    co_return;
  };
  const auto first = co_await select(now(), from(receiver), touch());
  EXPECT_EQ(first.index(), 0u);
  EXPECT_FALSE(has_begun);
  EXPECT_EQ((co_await receiver.receive()).value(), 5);

  const auto fail = []() -> Task<absl::Status> { co_return absl::AbortedError(""); };
  const auto touch_too = [&]() -> Task<absl::Status> {
    has_begun = true;
    co_return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsAborted((co_await try_join(fail(), touch_too())).status()));
  EXPECT_FALSE(has_begun);
}

ASYNC_TEST(LostNothing, NothingIsReceivedIntoABufferWithoutRoom) {
  auto [sender, receiver] = mpsc::unbounded_channel<int>();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(sender.send(i).ok());
  std::vector<int> buffer;
  EXPECT_EQ((co_await receiver.recv_many(buffer, 0)).value(), 0u);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(receiver.size(), 5u);
}

ASYNC_TEST(LostNothing, TheTimeLimitOfWhatAPoolMakesIsNotThePools) {
  const auto create = []() -> Task<absl::StatusOr<int>> {
    co_return absl::DeadlineExceededError("connect timed out");
  };
  Pool<int> pool({.max = 1, .seed = 1}, create);
  EXPECT_EQ((co_await pool.acquire()).status(), absl::DeadlineExceededError("connect timed out"));
  EXPECT_EQ(pool.stats().timeouts, 0u);
  (void)co_await pool.close();
}

// Tokio's coop budget.
ASYNC_TEST(LetsOthersRun, WhoeverFindsAllReady) {
  constexpr int kMany = 10'000;
  auto [sender, receiver] = mpsc::unbounded_channel<int>();
  for (int i = 0; i < kMany; ++i) EXPECT_TRUE(sender.send(i).ok());
  int received = 0;
  int received_before = kMany;
  const auto drain = [&]() -> Task<void> {
    for (; received < kMany; ++received) EXPECT_TRUE((co_await receiver.recv()).ok());
  };
  const auto look = [&]() -> Task<void> {
    received_before = received;
    co_return;
  };
  (void)co_await join(drain(), look());
  EXPECT_EQ(received, kMany);
  EXPECT_LE(received_before, 500);
}

}  // namespace
}  // namespace weir
