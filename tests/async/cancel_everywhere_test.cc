// SPDX-License-Identifier: Apache-2.0
// Each leaf that waits in a queue is told to stop at every point there is: nothing may be lost,
// nothing counted twice, nobody left waiting.

#include "async/testing/cancel_everywhere.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "async/barrier.h"
#include "async/broadcast.h"
#include "async/cancelled.h"
#include "async/gate.h"
#include "async/mpsc.h"
#include "async/mutex.h"
#include "async/notify.h"
#include "async/once_cell.h"
#include "async/oneshot.h"
#include "async/or_return.h"
#include "async/rw_lock.h"
#include "async/semaphore.h"
#include "async/timeout.h"
#include "async/watch.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::cancel_everywhere;

struct SemaphoreWorld {
  Semaphore semaphore{2};

  Task<absl::Status> hold(std::size_t count) {
    const Permit permit = co_await or_return(co_await semaphore.acquire_many(count));
    co_return co_await sleep(1ms);
  }
  Task<absl::Status> victim() {
    co_await or_return(hold(2));
    co_return co_await hold(1);
  }
  Task<void> others() {
    for (int i = 0; i < 2; ++i) {
      const auto [a, b] = co_await join(hold(1), hold(2));
      EXPECT_TRUE(a.ok() && b.ok());
    }
  }
  Task<void> check(absl::Status) {
    EXPECT_EQ(semaphore.available(), 2U);
    EXPECT_EQ(semaphore.waiting(), 0U);
    co_return;
  }
};

TEST(CancelEverywhere, LosesNoPermit) { EXPECT_GE(cancel_everywhere<SemaphoreWorld>(), 5U); }

struct MutexWorld {
  Mutex<int> mutex{0};
  int added = 0;

  Task<absl::Status> add() {
    const MutexGuard<int> guard = co_await or_return(co_await mutex.lock());
    const int seen = *guard;
    absl::Status slept = co_await sleep(1ms);
    *guard = seen + 1;
    ++added;
    co_return slept;
  }
  Task<absl::Status> victim() {
    co_await or_return(add());
    co_return co_await add();
  }
  Task<void> others() {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE((co_await add()).ok());
  }
  Task<void> check(absl::Status) {
    const std::optional<MutexGuard<int>> guard = mutex.try_lock();
    CO_ASSERT_TRUE(guard.has_value());
    EXPECT_EQ(**guard, added);
  }
};

TEST(CancelEverywhere, LeavesNoMutexLocked) { EXPECT_GE(cancel_everywhere<MutexWorld>(), 5U); }

struct RwLockWorld {
  RwLock<int> lock;

  Task<absl::Status> victim() {
    {
      const auto reading = co_await or_return(co_await lock.read());
      co_await or_return(co_await sleep(1ms));
    }
    const auto writing = co_await or_return(co_await lock.write());
    co_return co_await sleep(1ms);
  }
  Task<absl::Status> read() {
    const auto reading = co_await or_return(co_await lock.read());
    co_return co_await sleep(1ms);
  }
  Task<void> others() {
    const auto [a, b] = co_await join(read(), read());
    EXPECT_TRUE(a.ok() && b.ok());
    EXPECT_TRUE((co_await read()).ok());
  }
  Task<void> check(absl::Status) {
    EXPECT_TRUE(lock.try_write().has_value());
    co_return;
  }
};

TEST(CancelEverywhere, LeavesNoRwLockLocked) { EXPECT_GE(cancel_everywhere<RwLockWorld>(), 5U); }

// One notification: the victim has it, or the other, or it is still there.
struct NotifyWorld {
  Notify notify;
  int got = 0;

  Task<absl::Status> wait() {
    absl::Status status = co_await notify.notified();
    if (status.ok()) ++got;
    co_return status;
  }
  Task<absl::Status> victim() { co_return co_await wait(); }
  Task<void> send() {
    (void)co_await sleep(1ms);
    notify.notify_one();
  }
  Task<void> others() { co_await join(timeout(1s, wait()), send()); }
  Task<void> check(absl::Status) {
    (void)co_await timeout(1s, wait());
    EXPECT_EQ(got, 1);
  }
};

TEST(CancelEverywhere, PassesANotificationOn) { EXPECT_GE(cancel_everywhere<NotifyWorld>(), 2U); }

struct BarrierWorld {
  Barrier barrier{2};
  bool other_met = false;

  Task<absl::Status> wait() { co_return (co_await barrier.wait()).status(); }
  Task<absl::Status> victim() { co_return co_await wait(); }
  Task<void> others() {
    (void)co_await sleep(1ms);
    other_met = (co_await timeout(1s, wait())).ok();
  }
  Task<void> check(absl::Status ended) {
    EXPECT_EQ(ended.ok(), other_met);
    const auto [a, b] = co_await join(wait(), wait());
    EXPECT_TRUE(a.ok() && b.ok());
  }
};

TEST(CancelEverywhere, CountsNobodyWhoLeftABarrier) {
  EXPECT_GE(cancel_everywhere<BarrierWorld>(), 2U);
}

struct OnceCellWorld {
  OnceCell<int> cell;

  Task<absl::StatusOr<int>> make() {
    co_await or_return(co_await sleep(1ms));
    co_return 7;
  }
  Task<absl::StatusOr<const int*>> get() {
    auto init = [this] { return make(); };
    co_return co_await cell.get_or_try_init(init);
  }
  Task<absl::Status> victim() { co_return (co_await get()).status(); }
  Task<void> others() {
    const absl::StatusOr<const int*> value = co_await get();
    CO_ASSERT_OK(value);
    EXPECT_EQ(**value, 7);
  }
  Task<void> check(absl::Status) {
    EXPECT_NE(cell.get(), nullptr);
    co_return;
  }
};

TEST(CancelEverywhere, LeavesAOnceCellToTheNext) {
  EXPECT_GE(cancel_everywhere<OnceCellWorld>(), 2U);
}

struct OneshotWorld {
  std::pair<oneshot::Sender<int>, oneshot::Receiver<int>> channel = oneshot::channel<int>();
  int received = 0;

  Task<absl::Status> victim() {
    received = co_await or_return(co_await channel.second.receive());
    co_return absl::OkStatus();
  }
  Task<void> others() {
    (void)co_await sleep(1ms);
    EXPECT_TRUE(channel.first.send(7));
  }
  Task<void> check(absl::Status ended) {
    if (!ended.ok()) {
      const absl::StatusOr<int> again = co_await channel.second.receive();
      received = again.value_or(0);
    }
    EXPECT_EQ(received, 7);
  }
};

TEST(CancelEverywhere, LeavesTheValueInAOneshot) {
  EXPECT_GE(cancel_everywhere<OneshotWorld>(), 2U);
}

struct WatchWorld {
  std::pair<watch::Sender<int>, watch::Receiver<int>> channel = watch::channel(0);
  int last = -1;

  Task<absl::Status> victim() {
    while (last < 2) {
      co_await or_return(co_await channel.second.changed());
      last = channel.second.get();
    }
    co_return absl::OkStatus();
  }
  Task<void> others() {
    for (int i = 1; i <= 2; ++i) {
      (void)co_await sleep(1ms);
      channel.first.send(i);
    }
  }
  Task<void> check(absl::Status) {
    EXPECT_EQ(channel.second.has_changed(), last != 2);
    EXPECT_EQ(channel.second.get(), 2);
    co_return;
  }
};

TEST(CancelEverywhere, LosesNoChangeOfAWatch) { EXPECT_GE(cancel_everywhere<WatchWorld>(), 3U); }

// Two receive in turns; what the victim leaves the other gets, in order.
struct ReceiveWorld {
  std::pair<mpsc::Sender<int>, mpsc::Receiver<int>> channel = mpsc::channel<int>(2);
  Mutex<int> next{0};

  // The mutex is held across the receive: one at a time.
  Task<absl::Status> receive() {
    for (;;) {
      const MutexGuard<int> turn = co_await or_return(co_await next.lock());
      if (*turn == 5) co_return absl::OkStatus();
      const int value = co_await or_return(co_await channel.second.recv());
      EXPECT_EQ(value, (*turn)++);
    }
  }
  Task<absl::Status> send() {
    for (int i = 0; i < 5; ++i) {
      co_await or_return(co_await channel.first.send(i));
      co_await or_return(co_await sleep(1ms));
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> victim() { co_return co_await receive(); }
  Task<void> others() {
    const auto [sent, received] = co_await join(send(), receive());
    EXPECT_TRUE(sent.ok() && received.ok());
  }
  Task<void> check(absl::Status) {
    EXPECT_EQ(**next.try_lock(), 5);
    EXPECT_EQ(channel.second.size(), 0U);
    EXPECT_EQ(channel.first.capacity(), 2U);
    co_return;
  }
};

TEST(CancelEverywhere, LosesNoValueOfAnMpsc) { EXPECT_GE(cancel_everywhere<ReceiveWorld>(), 8U); }

// Exactly what a send said it sent arrives.
struct SendWorld {
  std::pair<mpsc::Sender<int>, mpsc::Receiver<int>> channel = mpsc::channel<int>(1);
  int sent = 0;
  int received = 0;

  Task<absl::Status> victim() {
    for (; sent < 3; ++sent) co_await or_return(co_await channel.first.send(sent));
    auto permit = co_await or_return(co_await channel.first.reserve());
    co_await or_return(co_await sleep(1ms));
    permit.send(sent++);
    co_return absl::OkStatus();
  }
  void take() {
    while (true) {
      const absl::StatusOr<int> value = channel.second.try_recv();
      if (!value.ok()) return;
      EXPECT_EQ(*value, received++);
    }
  }
  Task<void> others() {
    for (int i = 0; i < 8; ++i) {
      (void)co_await sleep(1ms);
      const absl::StatusOr<int> value = channel.second.try_recv();
      if (value.ok()) {
        EXPECT_EQ(*value, received++);
      }
    }
  }
  Task<void> check(absl::Status) {
    take();
    EXPECT_EQ(received, sent);
    EXPECT_EQ(channel.first.capacity(), 1U);
    co_return;
  }
};

TEST(CancelEverywhere, SendsWhatItSaysItSent) { EXPECT_GE(cancel_everywhere<SendWorld>(), 6U); }

struct BroadcastWorld {
  std::pair<broadcast::Sender<int>, broadcast::Receiver<int>> channel = broadcast::channel<int>(8);
  int next = 0;

  Task<absl::Status> victim() {
    while (next < 3) {
      const int value = co_await or_return(co_await channel.second.recv());
      EXPECT_EQ(value, next++);
    }
    co_return absl::OkStatus();
  }
  Task<void> others() {
    for (int i = 0; i < 3; ++i) {
      (void)co_await sleep(1ms);
      channel.first.send(i);
    }
  }
  Task<void> check(absl::Status) {
    for (; next < 3; ++next) EXPECT_EQ(channel.second.try_recv().value_or(-1), next);
    EXPECT_TRUE(absl::IsUnavailable(channel.second.try_recv().status()));
    co_return;
  }
};

TEST(CancelEverywhere, LosesNoValueOfABroadcast) {
  EXPECT_GE(cancel_everywhere<BroadcastWorld>(), 4U);
}

// Those that only look: they must end, and be gone from whatever they waited for.
struct LookingWorld {
  Gate gate;
  CancellationToken token;
  mpsc::Sender<int> sender;
  std::optional<mpsc::Receiver<int>> receiver;

  LookingWorld() : LookingWorld(mpsc::channel<int>(1)) {}
  explicit LookingWorld(std::pair<mpsc::Sender<int>, mpsc::Receiver<int>> channel)
      : sender(std::move(channel.first)), receiver(std::move(channel.second)) {}

  Task<absl::Status> victim() {
    co_await or_return(co_await gate.drained());
    co_await or_return(co_await cancelled(token));
    co_return co_await sender.closed();
  }
  Task<void> others() {
    (void)co_await sleep(1ms);
    gate.close();
    (void)co_await sleep(1ms);
    token.cancel();
    (void)co_await sleep(1ms);
    receiver.reset();
  }
  Task<void> check(absl::Status) {
    EXPECT_TRUE(sender.is_closed());
    co_return;
  }
};

TEST(CancelEverywhere, EndsThoseThatOnlyLook) { EXPECT_GE(cancel_everywhere<LookingWorld>(), 4U); }

// The tool itself: it reaches every await of a body, and sees a leak.
struct LeakyWorld {
  int held = 0;
  static inline int leaks = 0;

  Task<absl::Status> victim() {
    ++held;
    co_await or_return(co_await sleep(1ms));  // told to stop here it gives nothing back
    --held;
    co_return co_await sleep(1ms);
  }
  Task<void> others() { co_return; }
  Task<void> check(absl::Status) {
    leaks += held;
    co_return;
  }
};

TEST(CancelEverywhere, FindsALeak) {
  LeakyWorld::leaks = 0;
  EXPECT_GE(cancel_everywhere<LeakyWorld>(1), 3U);
  EXPECT_GT(LeakyWorld::leaks, 0);
}

}  // namespace
}  // namespace weir
