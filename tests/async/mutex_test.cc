// SPDX-License-Identifier: Apache-2.0
#include "async/mutex.h"

#include <gtest/gtest.h>

#include <optional>
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

// Would lose an update if another came in between.
Task<absl::Status> add_slowly(Mutex<int>& mutex, Duration pause) {
  const MutexGuard<int> guard = co_await or_return(co_await mutex.lock());
  const int seen = *guard;
  (void)co_await sleep(pause);
  *guard = seen + 1;
  co_return absl::OkStatus();
}

ASYNC_TEST(Mutex, KeepsOthersOutAcrossAnAwait) {
  Mutex<int> mutex(0);
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(add_slowly(mutex, 1ms));
  const std::vector<absl::Status> all = co_await join_all(std::move(tasks));
  for (const absl::Status& status : all) EXPECT_TRUE(status.ok());
  const std::optional<MutexGuard<int>> guard = mutex.try_lock();
  CO_ASSERT_TRUE(guard.has_value());
  EXPECT_EQ(**guard, 10);
}

ASYNC_TEST(Mutex, ServesInTheOrderTheyCameAndLetsTryLockOvertakeNobody) {
  Mutex<std::vector<int>> mutex;
  std::optional<MutexGuard<std::vector<int>>> held = mutex.try_lock();
  auto waiter = [](Mutex<std::vector<int>>& order, int index) -> Task<absl::Status> {
    const auto guard = co_await or_return(co_await order.lock());
    guard->push_back(index);
    (void)co_await sleep(1ms);
    co_return absl::OkStatus();
  };
  auto unlock = [](auto& guard, Mutex<std::vector<int>>& order) -> Task<absl::Status> {
    (void)co_await settle();
    guard.reset();
    EXPECT_FALSE(order.try_lock().has_value());
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(waiter(mutex, i));
  tasks.push_back(unlock(held, mutex));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(**mutex.try_lock(), (std::vector<int>{0, 1, 2, 3, 4}));
}

ASYNC_TEST(Mutex, IsUnlockedByAGuardThatIsMovedOnce) {
  Mutex<> mutex;
  std::optional<MutexGuard<std::monostate>> first = mutex.try_lock();
  CO_ASSERT_TRUE(first.has_value());
  {
    const MutexGuard<std::monostate> second = std::move(*first);
    first.reset();
    EXPECT_FALSE(mutex.try_lock().has_value());
  }
  EXPECT_TRUE(mutex.try_lock().has_value());
  co_return;
}

ASYNC_TEST(Mutex, IsFreeAfterAWaiterWasToldToStop) {
  Mutex<int> mutex(0);
  const auto [a, b] = co_await join(add_slowly(mutex, 1s), timeout(500ms, add_slowly(mutex, 1s)));
  EXPECT_TRUE(a.ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(b));
  EXPECT_EQ(**mutex.try_lock(), 1);
}

TEST(MutexAcrossThreads, KeepsOtherLoopsOut) {
  constexpr int kThreads = 3;
  constexpr int kRounds = 300;
  Mutex<int> mutex(0);
  auto work = [](Mutex<int>& shared) -> Task<void> {
    for (int i = 0; i < kRounds; ++i) EXPECT_TRUE((co_await add_slowly(shared, 0ns)).ok());
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      ThreadLoop loop;
      loop.run(work(mutex));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(**mutex.try_lock(), kThreads * kRounds);
}

}  // namespace
}  // namespace weir
