// SPDX-License-Identifier: Apache-2.0
#include "async/gate.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
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

Task<absl::Status> wait_for(Gate& gate) { co_return co_await gate.drained(); }

Task<void> leave_after(Duration time, std::optional<Pass> pass) {
  (void)co_await sleep(time);
  pass.reset();
}

Task<void> close_after(Duration time, Gate& gate) {
  (void)co_await sleep(time);
  gate.close();
}

TEST(Gate, LetsInUntilItIsClosed) {
  Gate gate;
  std::optional<Pass> first = gate.enter();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(gate.inside(), 1U);
  gate.close();
  EXPECT_FALSE(gate.enter().has_value());
  EXPECT_EQ(gate.inside(), 1U);
  EXPECT_TRUE(gate.is_closed());
}

TEST(Pass, LeavesOnceHoweverItMoves) {
  Gate gate;
  Pass a = *gate.enter();
  Pass b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(gate.inside(), 1U);
  a = *gate.enter();
  EXPECT_EQ(gate.inside(), 2U);
  a = std::move(b);
  EXPECT_EQ(gate.inside(), 1U);
  a.leave();
  a.leave();
  EXPECT_EQ(gate.inside(), 0U);
}

ASYNC_TEST(Gate, IsDrainedWhenClosedAndEmptyInEitherOrder) {
  const Context& context = co_await this_context();
  static constexpr std::array<Duration, 2> kWhen = {1s, 5s};
  for (const Duration closes : kWhen) {
    Gate gate;
    const TimePoint begin = context.loop().now();
    const auto [status, other, a, b, c] =
        co_await join(wait_for(gate), wait_for(gate), leave_after(2s, gate.enter()),
                      leave_after(3s, gate.enter()), close_after(closes, gate));
    EXPECT_TRUE(status.ok() && other.ok());
    EXPECT_EQ(context.loop().now(), begin + std::max<Duration>(closes, 3s));
    EXPECT_TRUE((co_await gate.drained()).ok());
  }
}

ASYNC_TEST(Gate, CanBeWaitedForAgainAfterACancelledWait) {
  Gate gate;
  std::optional<Pass> inside = gate.enter();
  gate.close();
  EXPECT_TRUE(absl::IsDeadlineExceeded(co_await timeout(1s, wait_for(gate))));
  const auto [status, gone] =
      co_await join(wait_for(gate), leave_after(1s, std::exchange(inside, std::nullopt)));
  EXPECT_TRUE(status.ok());
}

// Leaving, closing and giving up fall on the same instant.
ASYNC_TEST(Gate, AnswersEachWaitOnceWhateverComesFirst) {
  for (int i = 0; i < 10; ++i) {
    Gate gate;
    const auto [a, b, c, d] =
        co_await join(timeout(1ms, wait_for(gate)), wait_for(gate),
                      leave_after((i % 3) * 1ms, gate.enter()), close_after((i % 2) * 1ms, gate));
    EXPECT_TRUE(a.ok() || absl::IsDeadlineExceeded(a)) << a;
    EXPECT_TRUE(b.ok());
  }
}

TEST(GateAcrossThreads, MayBeDestroyedOnceItIsDrained) {
  for (int round = 0; round < 200; ++round) {
    auto gate = std::make_unique<Gate>();
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([pass = std::make_shared<Pass>(*gate->enter())] { pass->leave(); });
    }
    gate->close();
    ThreadLoop loop;
    EXPECT_TRUE(loop.run(wait_for(*gate)).ok());
    gate.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(GateAcrossThreads, LetsNobodyInBehindTheDrain) {
  Gate gate;
  std::atomic<bool> drained = false;
  std::atomic<int> entered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (const std::optional<Pass> pass = gate.enter()) {
        EXPECT_FALSE(drained);
        ++entered;
      }
    });
  }
  while (entered < 1000) std::this_thread::yield();
  gate.close();
  ThreadLoop loop;
  EXPECT_TRUE(loop.run(wait_for(gate)).ok());
  drained = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weir
