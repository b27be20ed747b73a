// SPDX-License-Identifier: Apache-2.0
#include "async/barrier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/or_return.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<bool>> meet(Barrier& barrier) {
  const BarrierWaitResult met = co_await or_return(co_await barrier.wait());
  co_return met.is_leader();
}

Task<absl::StatusOr<bool>> meet_after(Duration time, Barrier& barrier) {
  (void)co_await sleep(time);
  co_return co_await meet(barrier);
}

ASYNC_TEST(Barrier, LetsAllGoWhenTheLastComesAndMakesItTheLeader) {
  Barrier barrier(3);
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  for (int round = 1; round <= 3; ++round) {
    const auto [a, b, c] =
        co_await join(meet(barrier), meet_after(1s, barrier), meet_after(500ms, barrier));
    EXPECT_FALSE(a.value());
    EXPECT_TRUE(b.value());
    EXPECT_FALSE(c.value());
    EXPECT_EQ(context.loop().now(), begin + round * 1s);
  }
}

ASYNC_TEST(Barrier, DoesNotCountTheOneThatGaveUp) {
  Barrier barrier(2);
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const auto [gone, a, b] =
      co_await join(timeout(1s, meet(barrier)), meet_after(2s, barrier), meet_after(3s, barrier));
  EXPECT_TRUE(absl::IsDeadlineExceeded(gone.status()));
  EXPECT_FALSE(a.value());
  EXPECT_TRUE(b.value());
  EXPECT_EQ(context.loop().now(), begin + 3s);
}

ASYNC_TEST(Barrier, OfOneHoldsNobodyUp) {
  Barrier barrier(1);
  const absl::StatusOr<bool> leader = co_await meet(barrier);
  EXPECT_TRUE(leader.value());
}

TEST(BarrierAcrossThreads, KeepsLoopsInStepWithOneLeaderARound) {
  constexpr int kThreads = 3;
  static constexpr int kRounds = 300;
  Barrier barrier(kThreads);
  std::atomic<int> leaders = 0;
  std::vector<int> rounds(kThreads);  // written by one, read by all after they met
  auto work = [&](std::size_t index) -> Task<void> {
    for (int round = 1; round <= kRounds; ++round) {
      rounds[index] = round;
      const absl::StatusOr<bool> leads = co_await meet(barrier);
      leaders += leads.value() ? 1 : 0;
      for (const int other : rounds) EXPECT_EQ(other, round);
      (void)co_await meet(barrier);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&work, t] {
      ThreadLoop loop;
      loop.run(work(t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(leaders, kRounds);
}

}  // namespace
}  // namespace weir
