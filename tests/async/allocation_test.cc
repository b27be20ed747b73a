// SPDX-License-Identifier: Apache-2.0
// Awaiting costs no trip to the heap: frames come from the thread's free lists, waiters and timers
// live in the frames.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "async/barrier.h"
#include "async/broadcast.h"
#include "async/cancelled.h"
#include "async/join.h"
#include "async/mpsc.h"
#include "async/mutex.h"
#include "async/notify.h"
#include "async/oneshot.h"
#include "async/or_return.h"
#include "async/rw_lock.h"
#include "async/select.h"
#include "async/semaphore.h"
#include "async/shielded.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "async/try_join.h"
#include "async/watch.h"
#include "tests/async/counting_new.h"

void* operator new(std::size_t bytes) {
  ++weir::testing::allocations;
  ++weir::testing::live_blocks;
  if (void* block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  if (block != nullptr) --weir::testing::live_blocks;
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

namespace weir {
namespace {

using namespace std::chrono_literals;

// Runs `once` a few times to fill the free lists and the timer heap's vector, then many times.
template <class Once>
long allocations_of(Once once) {
  auto body = [&once](long& count) -> Task<void> {
    for (int i = 0; i < 10; ++i) co_await once();
    const long before = testing::allocations;
    for (int i = 0; i < 1000; ++i) co_await once();
    count = testing::allocations - before;
  };
  long count = -1;
  ThreadLoop loop;
  loop.run(body(count));
  return count;
}

TEST(NoAllocation, ForAwaitingATask) {
  auto number = []() -> Task<int> { co_return 1; };
  auto once = [&number]() -> Task<void> { (void)co_await number(); };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, ForASleep) {
  auto once = []() -> Task<void> { (void)co_await sleep(Duration(1)); };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, ForATimeoutThatDoesNotExpire) {
  auto work = []() -> Task<absl::StatusOr<int>> {
    co_await or_return(co_await sleep(Duration(1)));
    co_return 1;
  };
  auto once = [&work]() -> Task<void> { EXPECT_TRUE((co_await timeout(1h, work())).ok()); };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, ForAPermitWithAndWithoutAWait) {
  Semaphore semaphore(1);
  auto hold = [](Semaphore& one) -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await one.acquire());
    (void)co_await sleep(Duration(1));
    co_return absl::OkStatus();
  };
  auto once = [&]() -> Task<void> {
    const auto [a, b] = co_await join(hold(semaphore), hold(semaphore));
    EXPECT_TRUE(a.ok() && b.ok());
  };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, ForJoinTryJoinSelectAndShielded) {
  auto work = []() -> Task<absl::StatusOr<int>> {
    (void)co_await sleep(Duration(1));
    co_return 1;
  };
  auto at_once = []() -> Task<absl::StatusOr<int>> { co_return 1; };
  auto once = [&]() -> Task<void> {
    (void)co_await join(work(), work());
    (void)co_await try_join(work(), work());
    (void)co_await select(work(), work());
    (void)co_await shielded(at_once());
  };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, BeyondTheChannelItselfForAOneshot) {
  auto once = []() -> Task<void> {
    auto [sender, receiver] = oneshot::channel<int>();
    EXPECT_TRUE(sender.send(1));
    EXPECT_TRUE((co_await receiver.receive()).ok());
  };
  EXPECT_EQ(allocations_of(once), 1000);
}

TEST(NoAllocation, ForLocksNotificationsAndBarriers) {
  Mutex<int> mutex;
  RwLock<int> lock;
  Notify notify;
  Barrier barrier(2);
  auto side = [&]() -> Task<absl::Status> {
    {
      const auto guard = co_await or_return(co_await mutex.lock());
      (void)co_await sleep(Duration(1));
    }
    {
      const auto guard = co_await or_return(co_await lock.write());
      (void)co_await sleep(Duration(1));
    }
    {
      const auto guard = co_await or_return(co_await lock.read());
      (void)co_await sleep(Duration(1));
    }
    co_await or_return(co_await barrier.wait());
    notify.notify_one();
    co_return co_await notify.notified();
  };
  auto once = [&]() -> Task<void> {
    const auto [a, b] = co_await join(side(), side());
    EXPECT_TRUE(a.ok() && b.ok());
  };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, ForValuesThroughChannelsWithAndWithoutAWait) {
  auto [sender, receiver] = mpsc::channel<int>(1);
  auto [all, follower] = broadcast::channel<int>(2);
  auto [setter, latest] = watch::channel(0);
  auto send = [&]() -> Task<absl::Status> {
    for (int i = 0; i < 3; ++i) {
      co_await or_return(co_await sender.send(i));
      all.send(i);
      setter.send(i);
      if (i % 2 == 0) (void)co_await sleep(Duration(1));
    }
    auto permit = co_await or_return(co_await sender.reserve());
    permit.send(3);
    co_return absl::OkStatus();
  };
  auto receive = [&]() -> Task<absl::Status> {
    for (int i = 0; i < 4; ++i) co_await or_return(co_await receiver.recv());
    co_return absl::OkStatus();
  };
  auto follow = [&]() -> Task<absl::Status> {
    for (int i = 0; i < 3; ++i) co_await or_return(co_await follower.recv());
    co_await or_return(co_await latest.changed());
    EXPECT_EQ(latest.get(), 2);
    co_return absl::OkStatus();
  };
  auto once = [&]() -> Task<void> {
    const auto [a, b, c] = co_await join(send(), receive(), follow());
    EXPECT_TRUE(a.ok() && b.ok() && c.ok());
  };
  EXPECT_EQ(allocations_of(once), 0);
}

TEST(NoAllocation, ForAQueueThatIsFilledAndDrainedInTurns) {
  auto [sender, receiver] = mpsc::unbounded_channel<int>();
  auto once = [&]() -> Task<void> {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(sender.send(i).ok());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(receiver.try_recv().value(), i);
    EXPECT_FALSE(receiver.try_recv().ok());
    co_return;
  };
  EXPECT_EQ(allocations_of(once), 0);
}

// Told to stop in the middle of each kind of wait.
template <class MakeLeaf>
long allocations_of_a_timeout_of(MakeLeaf make_leaf) {
  auto waits = [&make_leaf]() -> Task<absl::Status> {
    const auto result = co_await make_leaf();
    co_return detail::status_of(result);
  };
  auto once = [&waits]() -> Task<void> {
    const absl::Status status = co_await timeout(Duration(1), waits());
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  };
  return allocations_of(once);
}

TEST(NoAllocation, ForATimeoutThatExpires) {
  EXPECT_EQ(allocations_of_a_timeout_of([] { return sleep(1h); }), 0);
}

TEST(NoAllocation, ForAcquiringThatTimesOut) {
  Semaphore none(0);
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return none.acquire(); }), 0);
  Mutex<int> mutex;
  const auto locked = mutex.try_lock();
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return mutex.lock(); }), 0);
  RwLock<int> lock;
  const auto read = lock.try_read();
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return lock.write(); }), 0);
  Notify notify;
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return notify.notified(); }), 0);
  Barrier barrier(2);
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return barrier.wait(); }), 0);
}

TEST(NoAllocation, ForReceivingThatTimesOut) {
  auto [sender, receiver] = mpsc::channel<int>(1);
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return receiver.recv(); }), 0);
  ASSERT_TRUE(sender.try_send(1).ok());
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return sender.send(2); }), 0);
  auto [one_sender, one] = oneshot::channel<int>();
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return one.receive(); }), 0);
  auto [all, follower] = broadcast::channel<int>(1);
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return follower.recv(); }), 0);
  auto [setter, latest] = watch::channel(0);
  (void)latest.get();
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return latest.changed(); }), 0);
}

TEST(NoAllocation, ForWaitingForACancelledToken) {
  const CancellationToken token;
  EXPECT_EQ(allocations_of_a_timeout_of([&] { return cancelled(token); }), 0);
}

}  // namespace
}  // namespace weir
