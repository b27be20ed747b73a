// SPDX-License-Identifier: Apache-2.0
#include "async/watch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
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

Task<absl::Status> changed(watch::Receiver<int>& receiver) {
  co_return co_await receiver.changed();
}

Task<void> send_after(Duration time, watch::Sender<int>& sender, int value) {
  (void)co_await sleep(time);
  sender.send(value);
}

ASYNC_TEST(Watch, CountsTheFirstValueAsNotYetSeen) {
  auto [sender, receiver] = watch::channel(1);
  CO_ASSERT_OK(co_await receiver.changed());
  EXPECT_EQ(receiver.get(), 1);
  EXPECT_EQ(sender.get(), 1);
  const absl::Status status = co_await timeout(1s, changed(receiver));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
}

ASYNC_TEST(Watch, WakesEveryReceiverOfANewValue) {
  auto [sender, first] = watch::channel(1);
  EXPECT_EQ(first.get(), 1);
  watch::Receiver<int> second = first;  // has seen what the first has
  const auto [a, b, unused] =
      co_await join(changed(first), changed(second), send_after(1s, sender, 2));
  EXPECT_TRUE(a.ok());
  EXPECT_TRUE(b.ok());
  EXPECT_EQ(first.get(), 2);
  EXPECT_EQ(second.get(), 2);
}

ASYNC_TEST(Watch, LetsASlowReceiverSkipToTheLatest) {
  auto [sender, receiver] = watch::channel(1);
  EXPECT_EQ(receiver.get(), 1);
  for (int i = 2; i <= 5; ++i) sender.send(i);
  CO_ASSERT_OK(co_await receiver.changed());
  EXPECT_EQ(receiver.get(), 5);
  const absl::Status none = co_await timeout(1s, changed(receiver));
  EXPECT_TRUE(absl::IsDeadlineExceeded(none));
}

ASYNC_TEST(Watch, GivesTheLastValueBeforeItSaysThatTheSenderIsGone) {
  auto pair = std::make_optional(watch::channel(1));
  watch::Receiver<int> receiver = pair->second;
  pair->first.send(7);
  pair.reset();
  CO_ASSERT_OK(co_await receiver.changed());
  EXPECT_EQ(receiver.get(), 7);
  const absl::Status gone = co_await receiver.changed();
  EXPECT_TRUE(absl::IsAborted(gone)) << gone;
}

ASYNC_TEST(Watch, WakesAWaitingReceiverWhenTheSenderGoes) {
  auto [sender, receiver] = watch::channel(1);
  EXPECT_EQ(receiver.get(), 1);
  auto drop_later = [](watch::Sender<int> half) -> Task<void> {
    (void)co_await sleep(1s);
    const watch::Sender<int> dropped = std::move(half);
  };
  const auto [status, unused] = co_await join(changed(receiver), drop_later(std::move(sender)));
  EXPECT_TRUE(absl::IsAborted(status)) << status;
}

ASYNC_TEST(Watch, LosesNoChangeThatComesAtTheDeadline) {
  auto [sender, receiver] = watch::channel(1);
  EXPECT_EQ(receiver.get(), 1);
  const auto [status, unused] =
      co_await join(timeout(1s, changed(receiver)), send_after(1s, sender, 2));
  EXPECT_TRUE(status.ok() || absl::IsDeadlineExceeded(status)) << status;
  CO_ASSERT_OK(co_await receiver.changed());
  EXPECT_EQ(receiver.get(), 2);
}

TEST(WatchAcrossThreads, BringsTheLastValueToEveryLoop) {
  constexpr int kLast = 2000;
  auto pair = std::make_optional(watch::channel(0));
  auto follow = [](watch::Receiver<int> receiver) -> Task<int> {
    int last = -1;
    for (;;) {
      const absl::Status changed = co_await receiver.changed();
      if (!changed.ok()) break;
      const int value = receiver.get();
      EXPECT_GT(value, last);
      last = value;
    }
    co_return last;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, receiver = pair->first.subscribe()] {
      ThreadLoop loop;
      EXPECT_EQ(loop.run(follow(receiver)), kLast);
    });
  }
  for (int i = 1; i <= kLast; ++i) pair->first.send(i);
  pair.reset();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weir
