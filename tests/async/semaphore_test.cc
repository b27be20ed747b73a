// SPDX-License-Identifier: Apache-2.0
#include "async/semaphore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
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
using testing::settle;

Task<absl::Status> hold(Semaphore& semaphore, std::size_t count, Duration time) {
  const Permit permit = co_await or_return(co_await semaphore.acquire_many(count));
  (void)co_await sleep(time);
  co_return absl::OkStatus();
}

ASYNC_TEST(Semaphore, LetsAtMostItsPermitsIn) {
  Semaphore semaphore(3);
  int inside = 0;
  int most = 0;
  auto worker = [](Semaphore& limit, int& now, int& peak) -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await limit.acquire());
    peak = std::max(peak, ++now);
    (void)co_await sleep(1s);
    --now;
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(worker(semaphore, inside, most));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(most, 3);
  EXPECT_EQ(semaphore.available(), 3U);
}

ASYNC_TEST(Semaphore, ServesWaitersInTheOrderTheyCame) {
  Semaphore semaphore(0);
  std::vector<int> order;
  auto waiter = [](Semaphore& one, int index, std::vector<int>& out) -> Task<absl::Status> {
    Permit permit = co_await or_return(co_await one.acquire());
    out.push_back(index);
    permit.forget();
    co_return absl::OkStatus();
  };
  auto feeder = [](Semaphore& one) -> Task<absl::Status> {
    for (int i = 0; i < 8; ++i) {
      (void)co_await settle();
      one.add_permits(1);
    }
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 8; ++i) tasks.push_back(waiter(semaphore, i, order));
  tasks.push_back(feeder(semaphore));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

// Others come and go all the time, each asking for one; the one that asks for all must get its
// turn.
ASYNC_TEST(Semaphore, DoesNotStarveTheOneThatAsksForMany) {
  Semaphore semaphore(4);
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  TimePoint served = kForever;
  auto small = [](Semaphore& limit, int first) -> Task<absl::Status> {
    (void)co_await sleep(first * 100ms);
    for (int i = 0; i < 20; ++i) co_await or_return(hold(limit, 1, 1s));
    co_return absl::OkStatus();
  };
  auto large = [](Semaphore& limit, TimePoint& when) -> Task<absl::Status> {
    (void)co_await sleep(1500ms);
    const Permit all = co_await or_return(co_await limit.acquire_many(4));
    when = (co_await this_context()).loop().now();
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 6; ++i) tasks.push_back(small(semaphore, i));
  tasks.push_back(large(semaphore, served));
  co_await join_all(std::move(tasks));
  // Those before it in the queue, and those that were inside: two rounds of a second at most.
  EXPECT_LE(served, begin + 1500ms + 2s);
  EXPECT_EQ(semaphore.available(), 4U);
}

ASYNC_TEST(Semaphore, LetsNobodyOvertakeAWaiterNotEvenTryAcquire) {
  Semaphore semaphore(2);
  auto body = [](Semaphore& limit) -> Task<absl::Status> {
    (void)co_await settle();
    EXPECT_EQ(limit.waiting(), 1U);
    EXPECT_EQ(limit.available(), 1U);
    EXPECT_FALSE(limit.try_acquire().has_value());
    co_return absl::OkStatus();
  };
  std::optional<Permit> one = semaphore.try_acquire();
  CO_ASSERT_TRUE(one.has_value());
  auto release_later = [](std::optional<Permit>& permit) -> Task<void> {
    (void)co_await sleep(1s);
    permit.reset();
  };
  co_await join(hold(semaphore, 2, 1s), body(semaphore), release_later(one));
  EXPECT_EQ(semaphore.available(), 2U);
}

ASYNC_TEST(Semaphore, ServesSmallWaitersAtOnceWhenALargeOneBeforeThemGivesUp) {
  Semaphore semaphore(2);
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto holder = [](Semaphore& limit) -> Task<absl::Status> { return hold(limit, 1, 1h); };
  auto large = [](Semaphore& limit) -> Task<absl::Status> {
    co_return co_await timeout(1s, hold(limit, 2, 1s));
  };
  auto small = [](Semaphore& limit, TimePoint start) -> Task<absl::Status> {
    (void)co_await settle();
    const Permit permit = co_await or_return(co_await limit.acquire());
    EXPECT_EQ((co_await this_context()).loop().now(), start + 1s);
    co_return absl::OkStatus();
  };
  const auto [a, b, c] =
      co_await join(holder(semaphore), large(semaphore), small(semaphore, begin));
  EXPECT_TRUE(absl::IsDeadlineExceeded(b));
  EXPECT_TRUE(c.ok());
}

// Deadlines, grants and new arrivals fall on the same instants, in an order the seed draws.
ASYNC_TEST(Semaphore, LosesNoPermitWhereverAWaiterIsCancelled) {
  Semaphore semaphore(3);
  auto worker = [](Semaphore& limit, int index) -> Task<absl::Status> {
    for (int round = 0; round < 4; ++round) {
      const int mixed = index * 7 + round * 3;
      const absl::Status status =
          co_await timeout((mixed % 4) * 1ms,
                           hold(limit, 1U + static_cast<unsigned>(mixed) % 3U, (mixed % 3) * 1ms));
      EXPECT_TRUE(status.ok() || absl::IsDeadlineExceeded(status)) << status;
    }
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(worker(semaphore, i));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(semaphore.available(), 3U);
  EXPECT_EQ(semaphore.waiting(), 0U);
}

ASYNC_TEST(Semaphore, GivesNothingToATaskThatWasToldToStop) {
  Semaphore semaphore(1);
  auto body = [](Semaphore& limit) -> Task<absl::Status> {
    (void)co_await testing::until_cancelled();
    const absl::StatusOr<Permit> permit = co_await limit.acquire();
    co_return permit.status();
  };
  const absl::Status status = co_await timeout(1s, body(semaphore));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(semaphore.available(), 1U);
}

ASYNC_TEST(Semaphore, AnswersAllWhoWaitAndAllWhoAskLaterWhenItCloses) {
  Semaphore semaphore(1);
  std::optional<Permit> held = semaphore.try_acquire();
  auto close_later = [](Semaphore& limit) -> Task<absl::Status> {
    (void)co_await sleep(1s);
    limit.close();
    co_return absl::OkStatus();
  };
  const auto [a, b, closed] =
      co_await join(hold(semaphore, 1, 1s), hold(semaphore, 1, 1s), close_later(semaphore));
  EXPECT_TRUE(absl::IsFailedPrecondition(a)) << a;
  EXPECT_TRUE(absl::IsFailedPrecondition(b)) << b;
  CO_ASSERT_TRUE(held.has_value());
  EXPECT_TRUE(*held);
  held.reset();
  EXPECT_EQ(semaphore.available(), 1U);
  EXPECT_FALSE(semaphore.try_acquire().has_value());
  const absl::StatusOr<Permit> late = co_await semaphore.acquire();
  EXPECT_TRUE(absl::IsFailedPrecondition(late.status()));
}

TEST(Permit, IsReleasedOnceHoweverItMoves) {
  Semaphore semaphore(3);
  Permit a = *semaphore.try_acquire(2);
  EXPECT_EQ(semaphore.available(), 1U);
  Permit b = std::move(a);
  EXPECT_TRUE(b);
  a = *semaphore.try_acquire();
  EXPECT_EQ(semaphore.available(), 0U);
  a = std::move(b);  // gives its own one back, takes the two
  EXPECT_EQ(semaphore.available(), 1U);
  a.release();
  a.release();
  EXPECT_FALSE(a);
  EXPECT_EQ(semaphore.available(), 3U);
  Permit gone = *semaphore.try_acquire();
  gone.forget();
  EXPECT_EQ(semaphore.available(), 2U);
  semaphore.add_permits(1);
  EXPECT_EQ(semaphore.available(), 3U);
}

// Loops on threads of their own share one semaphore; a quarter of the waits have no patience.
TEST(SemaphoreAcrossThreads, LetsAtMostItsPermitsInAndLosesNone) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 16;
  Semaphore semaphore(3);
  std::atomic<int> inside = 0;
  std::atomic<int> served = 0;
  auto work = [](Semaphore& limit, std::atomic<int>& now, std::atomic<int>& count,
                 std::size_t units) -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await limit.acquire_many(units));
    EXPECT_LE(now.fetch_add(static_cast<int>(units)) + static_cast<int>(units), 3);
    (void)co_await sleep(Duration::zero());
    now.fetch_sub(static_cast<int>(units));
    ++count;
    co_return absl::OkStatus();
  };
  auto task = [&](int index) -> Task<absl::Status> {
    for (int round = 0; round < 30; ++round) {
      const int mixed = index + round;
      const std::size_t units = 1U + static_cast<std::size_t>(mixed % 3);
      if (mixed % 4 == 0) {
        (void)co_await timeout(50us, work(semaphore, inside, served, units));
      } else {
        const absl::Status status = co_await work(semaphore, inside, served, units);
        EXPECT_TRUE(status.ok()) << status;
      }
    }
    co_return absl::OkStatus();
  };
  auto all = [&task]() -> Task<void> {
    std::vector<Task<absl::Status>> tasks;
    for (int i = 0; i < kTasks; ++i) tasks.push_back(task(i));
    co_await join_all(std::move(tasks));
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&all] {
      ThreadLoop loop;
      loop.run(all());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(served, kThreads * kTasks * 30 / 2);
  EXPECT_EQ(semaphore.available(), 3U);
  EXPECT_EQ(semaphore.waiting(), 0U);
}

TEST(SemaphoreAcrossThreads, ClosesUnderWaitersOfOtherLoops) {
  for (int round = 0; round < 100; ++round) {
    Semaphore semaphore(0);
    std::latch start(2);
    auto wait = [](Semaphore& limit, std::latch& begin) -> Task<absl::Status> {
      begin.arrive_and_wait();
      const absl::StatusOr<Permit> permit = co_await limit.acquire();
      co_return permit.status();
    };
    std::thread waiter([&] {
      ThreadLoop loop;
      EXPECT_TRUE(absl::IsFailedPrecondition(loop.run(wait(semaphore, start))));
    });
    start.arrive_and_wait();
    semaphore.close();
    waiter.join();
  }
}

}  // namespace
}  // namespace weir
