// SPDX-License-Identifier: Apache-2.0
// Each primitive under thousands of schedules: tasks that come, wait, win, lose and run out of time
// in an order that the seed draws. What has to hold is what its header promises.

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "async/barrier.h"
#include "async/broadcast.h"
#include "async/join.h"
#include "async/mpsc.h"
#include "async/mutex.h"
#include "async/notify.h"
#include "async/once_cell.h"
#include "async/or_return.h"
#include "async/rw_lock.h"
#include "async/select.h"
#include "async/semaphore.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "async/watch.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::sleep_for;

constexpr std::uint64_t kSeeds = 2000;

// Small numbers that differ from task to task and round to round; the schedule is the seed's.
constexpr int mix(int a, int b) { return (a * 7 + b * 3) % 5; }

// Patience that some have and some have not.
template <class T>
Task<T> impatient(int patience, Task<T> task) {
  if (patience == 0) co_return co_await std::move(task);
  if (patience % 2 == 0) co_return co_await timeout(patience * 1ms, std::move(task));
  auto first = co_await select(std::move(task), sleep_for(patience * 1ms));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return absl::CancelledError("lost");
}

ASYNC_TEST_UNDER_SEEDS(Explore, Semaphore, kSeeds) {
  Semaphore semaphore(3);
  std::size_t inside = 0;
  auto hold = [](Semaphore& limit, std::size_t count, std::size_t& now) -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await limit.acquire_many(count));
    now += count;
    EXPECT_LE(now, 3U);
    (void)co_await sleep(1ms);
    now -= count;
    co_return absl::OkStatus();
  };
  auto worker = [&hold](Semaphore& limit, int index, std::size_t& now) -> Task<void> {
    for (int round = 0; round < 3; ++round) {
      const auto count = static_cast<std::size_t>(1 + (index + round) % 3);
      (void)co_await impatient(mix(index, round), hold(limit, count, now));
    }
  };
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(worker(semaphore, i, inside));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(semaphore.available(), 3U);
  EXPECT_EQ(semaphore.waiting(), 0U);
}

ASYNC_TEST_UNDER_SEEDS(Explore, MutexAndRwLock, kSeeds) {
  struct Shared {
    Mutex<int> mutex{0};
    RwLock<std::pair<int, int>> lock;
    int added = 0;
    int written = 0;
  } shared;
  auto add = [](Shared& all) -> Task<absl::Status> {
    const MutexGuard<int> guard = co_await or_return(co_await all.mutex.lock());
    const int seen = *guard;
    (void)co_await sleep(1ms);
    *guard = seen + 1;
    ++all.added;
    co_return absl::OkStatus();
  };
  auto write = [](Shared& all) -> Task<absl::Status> {
    const auto guard = co_await or_return(co_await all.lock.write());
    ++guard->first;
    (void)co_await sleep(1ms);
    ++guard->second;
    ++all.written;
    co_return absl::OkStatus();
  };
  auto read = [](Shared& all) -> Task<absl::Status> {
    const auto guard = co_await or_return(co_await all.lock.read());
    (void)co_await sleep(1ms);
    EXPECT_EQ(guard->first, guard->second);
    co_return absl::OkStatus();
  };
  auto worker = [&](int index) -> Task<void> {
    for (int round = 0; round < 3; ++round) {
      const int patience = mix(index, round);
      (void)co_await impatient(patience, add(shared));
      (void)co_await impatient(patience, write(shared));
      (void)co_await impatient(patience, read(shared));
    }
  };
  co_await join(worker(0), worker(1), worker(2), worker(3));
  EXPECT_EQ(**shared.mutex.try_lock(), shared.added);
  EXPECT_EQ((*shared.lock.try_write())->first, shared.written);
}

ASYNC_TEST_UNDER_SEEDS(Explore, Mpsc, kSeeds) {
  auto pair = mpsc::channel<int>(2);
  mpsc::Receiver<int> receiver = std::move(pair.second);
  int sent = 0;
  auto send = [](mpsc::Sender<int> half, int value, int& count) -> Task<absl::Status> {
    co_await or_return(co_await half.send(value));
    ++count;
    co_return absl::OkStatus();
  };
  auto sender = [&](mpsc::Sender<int> given, int index) -> Task<void> {
    const mpsc::Sender<int> half = std::move(given);
    for (int round = 0; round < 4; ++round) {
      (void)co_await impatient(mix(index, round), send(half, index, sent));
    }
  };
  auto recv = [](mpsc::Receiver<int>& half) -> Task<absl::StatusOr<int>> {
    co_return co_await half.recv();
  };
  auto drain = [&](mpsc::Receiver<int>& half) -> Task<int> {
    for (int count = 0, round = 0;; ++round) {
      const absl::StatusOr<int> value = co_await impatient(mix(1, round), recv(half));
      if (value.ok()) ++count;
      if (absl::IsAborted(value.status())) co_return count;
      (void)co_await sleep((round % 2) * 1ms);
    }
  };
  auto senders = [&](mpsc::Sender<int> given) -> Task<void> {
    const mpsc::Sender<int> half = std::move(given);
    co_await join(sender(half, 0), sender(half, 1), sender(half, 2));
  };
  const auto [received, unused] = co_await join(drain(receiver), senders(std::move(pair.first)));
  EXPECT_EQ(received, sent);
}

ASYNC_TEST_UNDER_SEEDS(Explore, BroadcastAndWatch, kSeeds) {
  auto values = broadcast::channel<int>(3);
  auto latest = watch::channel(-1);
  static constexpr int kLast = 7;
  auto send = [](broadcast::Sender<int> given, watch::Sender<int> half) -> Task<void> {
    const broadcast::Sender<int> all = std::move(given);
    for (int i = 0; i <= kLast; ++i) {
      all.send(i);
      half.send(i);
      (void)co_await sleep((i % 2) * 1ms);
    }
  };
  auto recv = [](broadcast::Receiver<int>& half) -> Task<absl::StatusOr<int>> {
    co_return co_await half.recv();
  };
  auto follow = [&](broadcast::Receiver<int> half, int index) -> Task<void> {
    int next = 0;
    for (int round = 0;; ++round) {
      const absl::StatusOr<int> value = co_await impatient(mix(index, round), recv(half));
      if (value.ok()) {
        EXPECT_EQ(*value, next++);
      } else if (absl::IsDataLoss(value.status())) {
        next += static_cast<int>(half.missed());
      } else if (absl::IsAborted(value.status())) {
        break;
      }
    }
    EXPECT_EQ(next, kLast + 1);
  };
  auto watch_for = [](watch::Receiver<int> half) -> Task<void> {
    const absl::StatusOr<int> last = co_await half.wait_for([](int v) { return v == kLast; });
    EXPECT_EQ(last.value_or(-1), kLast);
  };
  broadcast::Receiver<int> second = values.first.subscribe();
  co_await join(send(std::move(values.first), std::move(latest.first)),
                follow(std::move(values.second), 1), follow(std::move(second), 2),
                watch_for(latest.second));
}

ASYNC_TEST_UNDER_SEEDS(Explore, Notify, kSeeds) {
  struct Shared {
    Notify notify;
    int queued = 0;
    int taken = 0;
  } shared;
  constexpr int kItems = 6;
  auto wait = [](Notify& notify) -> Task<absl::Status> { co_return co_await notify.notified(); };
  // As Tokio's own documentation builds a channel: nobody may sleep while something is queued.
  auto take = [&wait](Shared& all, int index) -> Task<void> {
    for (int round = 0; all.taken < kItems; ++round) {
      if (all.queued > 0) {
        --all.queued;
        if (++all.taken == kItems) all.notify.notify_waiters();
        continue;
      }
      (void)co_await impatient(index * mix(index, round), wait(all.notify));
    }
  };
  auto put = [](Shared& all) -> Task<void> {
    for (int i = 0; i < kItems; ++i) {
      (void)co_await sleep((i % 2) * 1ms);
      ++all.queued;
      all.notify.notify_one();
    }
  };
  co_await join(take(shared, 0), take(shared, 1), take(shared, 3), put(shared));
  EXPECT_EQ(shared.taken, kItems);
}

ASYNC_TEST_UNDER_SEEDS(Explore, BarrierAndOnceCell, kSeeds) {
  Barrier barrier(3);
  OnceCell<int> cell;
  int makers = 0;
  std::vector<int> rounds(3);
  auto wait = [](Barrier& all) -> Task<absl::StatusOr<BarrierWaitResult>> {
    co_return co_await all.wait();
  };
  auto make = [&]() -> Task<absl::StatusOr<int>> {
    EXPECT_EQ(++makers, 1);
    const absl::Status slept = co_await sleep(2ms);
    --makers;
    if (!slept.ok()) co_return slept;
    co_return 7;
  };
  auto worker = [&](int index) -> Task<int> {
    int led = 0;
    for (int round = 1; round <= 3; ++round) {
      rounds[static_cast<std::size_t>(index)] = round;
      // Leaves and comes back until all three are there.
      for (int attempt = index;; ++attempt) {
        const auto met = co_await impatient(2 * mix(index, attempt), wait(barrier));
        if (!met.ok()) continue;
        led += met->is_leader() ? 1 : 0;
        break;
      }
      EXPECT_EQ(*std::min_element(rounds.begin(), rounds.end()), round);
      (void)co_await impatient(mix(index, round), cell.get_or_try_init(make));
    }
    co_return led;
  };
  const auto [a, b, c] = co_await join(worker(0), worker(1), worker(2));
  EXPECT_EQ(a + b + c, 3);
  const absl::StatusOr<const int*> value = co_await cell.get_or_try_init(make);
  EXPECT_EQ(**value, 7);
}

}  // namespace
}  // namespace weir
