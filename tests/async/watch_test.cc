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

ASYNC_TEST(Watch, ChangesItsValueInPlaceAndTellsOnlyOfAChange) {
  auto [sender, receiver] = watch::channel(1);
  EXPECT_EQ(receiver.get(), 1);
  EXPECT_FALSE(sender.send_if_modified([](int&) { return false; }));
  EXPECT_FALSE(receiver.has_changed());
  sender.modify([](int& value) { value += 1; });
  EXPECT_TRUE(receiver.has_changed());
  EXPECT_EQ(receiver.peek(), 2);
  EXPECT_TRUE(receiver.has_changed());
  EXPECT_EQ(receiver.get(), 2);
  EXPECT_FALSE(receiver.has_changed());
  co_return;
}

ASYNC_TEST(Watch, WaitsForAValueThatIsWanted) {
  auto [sender, receiver] = watch::channel(1);
  const auto is_three = [](int value) { return value == 3; };
  const auto [three, u1, u2] = co_await join(receiver.wait_for(is_three), send_after(1s, sender, 2),
                                             send_after(2s, sender, 3));
  EXPECT_EQ(three.value(), 3);
  const absl::StatusOr<int> at_once = co_await receiver.wait_for(is_three);
  EXPECT_EQ(at_once.value(), 3);
}

ASYNC_TEST(Watch, TellsTheSenderWhenTheLastReceiverIsGone) {
  auto pair = watch::channel(1);
  watch::Sender<int> sender = std::move(pair.first);
  std::optional<watch::Receiver<int>> receiver(std::move(pair.second));
  std::optional<watch::Receiver<int>> copy = receiver;
  EXPECT_EQ(sender.receiver_count(), 2U);
  receiver.reset();
  EXPECT_FALSE(sender.is_closed());
  auto drop_later = [](std::optional<watch::Receiver<int>>& half) -> Task<void> {
    (void)co_await sleep(1s);
    half.reset();
  };
  auto until_closed = [](watch::Sender<int>& half) -> Task<absl::Status> {
    co_return co_await half.closed();
  };
  const auto [closed, unused] = co_await join(until_closed(sender), drop_later(copy));
  CO_ASSERT_OK(closed);
  EXPECT_TRUE(sender.is_closed());
  sender.send(2);
  EXPECT_EQ(sender.subscribe().get(), 2);
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
