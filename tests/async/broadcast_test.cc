// SPDX-License-Identifier: Apache-2.0
#include "async/broadcast.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<int>> recv_one(broadcast::Receiver<int>& receiver) {
  co_return co_await receiver.recv();
}

// All that comes until the end; a gap is noted as minus the number of values missed.
Task<std::vector<int>> recv_all(broadcast::Receiver<int>& receiver) {
  std::vector<int> all;
  for (;;) {
    const absl::StatusOr<int> next = co_await receiver.recv();
    if (next.ok()) {
      all.push_back(*next);
    } else if (absl::IsDataLoss(next.status())) {
      all.push_back(-static_cast<int>(receiver.missed()));
    } else {
      EXPECT_TRUE(absl::IsAborted(next.status())) << next.status();
      co_return all;
    }
  }
}

Task<void> send_range(broadcast::Sender<int> given, int from, int to, Duration pause) {
  const broadcast::Sender<int> sender = std::move(given);  // join keeps the parameters to its end
  for (int i = from; i < to; ++i) {
    sender.send(i);
    (void)co_await sleep(pause);
  }
}

ASYNC_TEST(Broadcast, BringsEveryValueToEveryReceiverAndThenTheEnd) {
  auto [sender, first] = broadcast::channel<int>(4);
  broadcast::Receiver<int> second = sender.subscribe();
  EXPECT_EQ(sender.receiver_count(), 2U);
  const auto [a, b, unused] =
      co_await join(recv_all(first), recv_all(second), send_range(std::move(sender), 1, 5, 1ms));
  EXPECT_EQ(a, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(b, a);
}

ASYNC_TEST(Broadcast, TellsAReceiverThatLagsHowManyItMissed) {
  auto pair = std::make_optional(broadcast::channel<int>(3));
  broadcast::Receiver<int> receiver = std::move(pair->second);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(pair->first.send(i), 1U);
  const absl::StatusOr<int> lost = co_await receiver.recv();
  EXPECT_TRUE(absl::IsDataLoss(lost.status())) << lost.status();
  EXPECT_EQ(receiver.missed(), 2U);
  EXPECT_EQ(receiver.try_recv().value(), 3);
  pair.reset();
  const std::vector<int> rest = co_await recv_all(receiver);
  EXPECT_EQ(rest, (std::vector<int>{4, 5}));
}

ASYNC_TEST(Broadcast, GivesALateReceiverOnlyWhatIsSentFromThenOn) {
  auto [sender, first] = broadcast::channel<int>(4);
  sender.send(1);
  broadcast::Receiver<int> late = sender.subscribe();
  broadcast::Receiver<int> later = first.resubscribe();
  EXPECT_TRUE(absl::IsUnavailable(late.try_recv().status()));
  sender.send(2);
  EXPECT_EQ(late.try_recv().value(), 2);
  EXPECT_EQ(later.try_recv().value(), 2);
  EXPECT_EQ(first.try_recv().value(), 1);
  co_return;
}

ASYNC_TEST(Broadcast, DropsWhatNobodyReceivesAndSaysWhenNobodyIsLeft) {
  auto pair = broadcast::channel<int>(2);
  const broadcast::Sender<int> sender = std::move(pair.first);
  std::optional<broadcast::Receiver<int>> receiver(std::move(pair.second));
  auto drop_later = [](std::optional<broadcast::Receiver<int>>& half) -> Task<void> {
    (void)co_await sleep(1s);
    half.reset();
  };
  auto until_closed = [](const broadcast::Sender<int>& half) -> Task<absl::Status> {
    co_return co_await half.closed();
  };
  const auto [closed, unused] = co_await join(until_closed(sender), drop_later(receiver));
  CO_ASSERT_OK(closed);
  EXPECT_EQ(sender.send(1), 0U);
  broadcast::Receiver<int> fresh = sender.subscribe();
  EXPECT_TRUE(absl::IsUnavailable(fresh.try_recv().status()));
  const absl::Status open = co_await timeout(1s, until_closed(sender));
  EXPECT_TRUE(absl::IsDeadlineExceeded(open));
}

// A value counts what still has to receive it, and goes with the last that does.
ASYNC_TEST(Broadcast, DestroysAValueOnceTheLastReceiverHasItOrIsGone) {
  auto [sender, first] = broadcast::channel<std::shared_ptr<int>>(4);
  std::optional<broadcast::Receiver<std::shared_ptr<int>>> second = sender.subscribe();
  std::optional<broadcast::Receiver<std::shared_ptr<int>>> lagging = sender.subscribe();
  const auto value = std::make_shared<int>(7);
  sender.send(value);
  EXPECT_EQ(value.use_count(), 2);
  EXPECT_EQ(*first.try_recv().value(), 7);
  EXPECT_EQ(*second->try_recv().value(), 7);
  EXPECT_EQ(value.use_count(), 2);
  lagging.reset();
  EXPECT_EQ(value.use_count(), 1);
  sender.send(value);
  second.reset();
  EXPECT_EQ(value.use_count(), 2);
  EXPECT_EQ(*first.try_recv().value(), 7);
  EXPECT_EQ(value.use_count(), 1);
  co_return;
}

ASYNC_TEST(Broadcast, LosesNoValueToTheLoserOfASelect) {
  auto [sender, receiver] = broadcast::channel<int>(32);
  auto drain = [](broadcast::Receiver<int>& half) -> Task<int> {
    for (int next = 0;;) {
      auto first = co_await select(recv_one(half), testing::sleep_for(1ms));
      if (first.index() == 1) continue;
      const absl::StatusOr<int>& value = std::get<0>(first);
      if (!value.ok()) co_return next;
      EXPECT_EQ(*value, next++);
    }
  };
  const auto [received, unused] =
      co_await join(drain(receiver), send_range(std::move(sender), 0, 20, 1ms));
  EXPECT_EQ(received, 20);
}

TEST(BroadcastAcrossThreads, AccountsForEveryValueOnEveryLoop) {
  static constexpr int kValues = 5000;
  auto pair = std::make_optional(broadcast::channel<int>(8));
  auto follow = [](broadcast::Receiver<int> receiver) -> Task<int> {
    const std::vector<int> all = co_await recv_all(receiver);
    int next = 0;
    for (const int value : all) {
      if (value >= 0) {
        EXPECT_EQ(value, next);
      }
      next += value >= 0 ? 1 : -value;
    }
    co_return next;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&follow, receiver = pair->first.subscribe()]() mutable {
      ThreadLoop loop;
      EXPECT_EQ(loop.run(follow(std::move(receiver))), kValues);
    });
  }
  for (int i = 0; i < kValues; ++i) {
    // A receiver that comes and goes while the others run.
    if (i % 10 == 0) (void)pair->first.subscribe();
    pair->first.send(i);
  }
  pair.reset();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weir
