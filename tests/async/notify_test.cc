// SPDX-License-Identifier: Apache-2.0
#include "async/notify.h"

#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::settle;

Task<absl::Status> wait_for(Notify& notify) { co_return co_await notify.notified(); }

Task<absl::Status> wait_and_note(Notify& notify, int index, std::vector<int>& order) {
  absl::Status status = co_await notify.notified();
  order.push_back(index);
  co_return status;
}

ASYNC_TEST(Notify, RemembersOneNotificationIfNobodyWaits) {
  Notify notify;
  notify.notify_one();
  notify.notify_one();
  CO_ASSERT_OK(co_await notify.notified());
  const absl::Status none = co_await timeout(1s, wait_for(notify));
  EXPECT_TRUE(absl::IsDeadlineExceeded(none));
}

ASYNC_TEST(Notify, WakesOneAtATimeInTheOrderTheyCame) {
  Notify notify;
  std::vector<int> order;
  auto notifier = [](Notify& one, const std::vector<int>& woken) -> Task<absl::Status> {
    for (std::size_t i = 0; i < 4; ++i) {
      (void)co_await settle();
      EXPECT_EQ(woken.size(), i);
      one.notify_one();
    }
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(wait_and_note(notify, i, order));
  tasks.push_back(notifier(notify, order));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

ASYNC_TEST(Notify, WakesAllWhoWaitAndRemembersNothing) {
  Notify notify;
  auto notifier = [](Notify& all) -> Task<void> {
    (void)co_await settle();
    all.notify_waiters();
  };
  const auto [a, b, unused] = co_await join(wait_for(notify), wait_for(notify), notifier(notify));
  EXPECT_TRUE(a.ok() && b.ok());
  const absl::Status none = co_await timeout(1s, wait_for(notify));
  EXPECT_TRUE(absl::IsDeadlineExceeded(none));
}

ASYNC_TEST(Notify, MissesNoNotifyWaitersFromTheCallOn) {
  Notify notify;
  auto before = notify.notified();
  notify.notify_waiters();
  CO_ASSERT_OK(co_await before);
}

// The first that waits and the select's other side are ready in the same instant.
ASYNC_TEST(Notify, GoesToTheNextIfTheOneItReachedWasCancelled) {
  Notify notify;
  auto first = [](Notify& one) -> Task<bool> {
    auto won = co_await select(wait_for(one), testing::sleep_for(1s));
    co_return won.index() == 0;
  };
  auto notifier = [](Notify& one) -> Task<void> {
    (void)co_await sleep(1s);
    one.notify_one();
  };
  const auto [mine, theirs, unused] =
      co_await join(first(notify), timeout(2s, wait_for(notify)), notifier(notify));
  EXPECT_NE(mine, theirs.ok());
}

TEST(NotifyAcrossThreads, LosesNoWakeUp) {
  constexpr int kValues = 3000;
  Notify notify;
  std::mutex mutex;
  std::deque<int> queue;
  auto pop = [&]() -> std::optional<int> {
    std::lock_guard lock(mutex);
    if (queue.empty()) return std::nullopt;
    const int value = queue.front();
    queue.pop_front();
    return value;
  };
  auto drain = [&]() -> Task<void> {
    for (int next = 0; next < kValues;) {
      const std::optional<int> value = pop();
      if (value.has_value()) {
        EXPECT_EQ(*value, next++);
      } else {
        EXPECT_TRUE((co_await notify.notified()).ok());
      }
    }
  };
  std::thread other([&] {
    for (int i = 0; i < kValues; ++i) {
      {
        std::lock_guard lock(mutex);
        queue.push_back(i);
      }
      notify.notify_one();
    }
  });
  ThreadLoop loop;
  loop.run(drain());
  other.join();
}

}  // namespace
}  // namespace weir
