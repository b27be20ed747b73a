// SPDX-License-Identifier: Apache-2.0
#include "async/mpsc.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/oneshot.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::settle;
using testing::sleep_for;

Task<absl::Status> send_range(mpsc::Sender<int> given, int from, int to) {
  const mpsc::Sender<int> sender = std::move(given);  // join keeps the parameters to its end
  for (int i = from; i < to; ++i) co_await or_return(co_await sender.send(i));
  co_return absl::OkStatus();
}

Task<absl::StatusOr<int>> recv_one(mpsc::Receiver<int>& receiver) {
  co_return co_await receiver.recv();
}

Task<absl::StatusOr<std::vector<int>>> recv_all(mpsc::Receiver<int>& receiver) {
  std::vector<int> all;
  for (;;) {
    absl::StatusOr<int> next = co_await receiver.recv();
    if (absl::IsAborted(next.status())) co_return std::move(all);
    all.push_back(co_await or_return(std::move(next)));
  }
}

template <class F>
Task<void> after(Duration time, F& fn) {
  (void)co_await sleep(time);
  fn();
}

ASYNC_TEST(Mpsc, BringsTheValuesOfEachSenderInTheirOrderAndThenTheEnd) {
  auto [sender, receiver] = mpsc::channel<int>(3);
  mpsc::Sender<int> second = sender;
  const auto [a, b, all] =
      co_await join(send_range(std::move(sender), 0, 50), send_range(std::move(second), 100, 150),
                    recv_all(receiver));
  EXPECT_TRUE(a.ok() && b.ok());
  CO_ASSERT_OK(all);
  EXPECT_EQ(all->size(), 100U);
  int next[2] = {0, 100};
  for (const int value : *all) EXPECT_EQ(value, next[value / 100]++);
}

ASYNC_TEST(Mpsc, MakesSendersWaitWhileItIsFull) {
  auto [sender, receiver] = mpsc::channel<int>(2);
  EXPECT_EQ(sender.capacity(), 2U);
  CO_ASSERT_OK(co_await sender.send(1));
  CO_ASSERT_OK(sender.try_send(2));
  EXPECT_EQ(sender.capacity(), 0U);
  EXPECT_TRUE(absl::IsResourceExhausted(sender.try_send(3)));
  const absl::Status late = co_await timeout(1s, send_range(sender, 3, 4));
  EXPECT_TRUE(absl::IsDeadlineExceeded(late));
  EXPECT_EQ(receiver.size(), 2U);
  const absl::StatusOr<int> first = co_await receiver.recv();
  EXPECT_EQ(first.value(), 1);
  CO_ASSERT_OK(co_await sender.send(4));
  EXPECT_EQ(receiver.try_recv().value(), 2);
  EXPECT_EQ(receiver.try_recv().value(), 4);
  EXPECT_TRUE(absl::IsUnavailable(receiver.try_recv().status()));
  EXPECT_EQ(sender.max_capacity(), 2U);
}

ASYNC_TEST(Mpsc, GivesRoomToSendersInTheOrderTheyCame) {
  auto [sender, receiver] = mpsc::channel<int>(1);
  CO_ASSERT_OK(sender.try_send(0));
  std::vector<int> order;
  auto waiter = [](mpsc::Sender<int> half, int index, std::vector<int>& out) -> Task<absl::Status> {
    auto permit = co_await or_return(co_await half.reserve());
    out.push_back(index);
    permit.send(index);
    co_return absl::OkStatus();
  };
  auto drain = [](mpsc::Receiver<int>& half, const mpsc::Sender<int>& other) -> Task<absl::Status> {
    for (int i = 0; i <= 6; ++i) {
      (void)co_await settle();
      if (i < 6) {
        EXPECT_TRUE(absl::IsResourceExhausted(other.try_send(9)));
      }
      EXPECT_EQ(half.try_recv().value(), i);
    }
    co_return absl::OkStatus();
  };
  std::vector<Task<absl::Status>> tasks;
  for (int i = 1; i <= 6; ++i) tasks.push_back(waiter(sender, i, order));
  tasks.push_back(drain(receiver, sender));
  co_await join_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

ASYNC_TEST(Mpsc, EndsForTheReceiverOnceTheLastSenderAndTheLastPermitAreGone) {
  auto pair = mpsc::channel<int>(2);
  std::optional<mpsc::Sender<int>> sender(std::move(pair.first));
  mpsc::Receiver<int> receiver = std::move(pair.second);
  absl::StatusOr<mpsc::Permit<int>> permit = sender->try_reserve();
  CO_ASSERT_OK(permit);
  auto drop = [&sender] { sender.reset(); };
  auto use = [&permit] { permit->send(5); };
  const auto [value, u1, u2] = co_await join(recv_one(receiver), after(1s, drop), after(2s, use));
  EXPECT_EQ(value.value(), 5);
  const absl::StatusOr<int> end = co_await receiver.recv();
  EXPECT_TRUE(absl::IsAborted(end.status())) << end.status();
  EXPECT_TRUE(absl::IsAborted(receiver.try_recv().status()));
}

ASYNC_TEST(Mpsc, EndsForTheReceiverWhenAPermitIsReturnedAfterTheLastSenderWent) {
  auto pair = mpsc::channel<int>(2);
  std::optional<mpsc::Sender<int>> sender(std::move(pair.first));
  mpsc::Receiver<int> receiver = std::move(pair.second);
  std::optional<mpsc::Permit<int>> permit(*sender->try_reserve());
  sender.reset();
  auto give_back = [&permit] { permit.reset(); };
  const auto [value, unused] = co_await join(recv_one(receiver), after(1s, give_back));
  EXPECT_TRUE(absl::IsAborted(value.status())) << value.status();
}

ASYNC_TEST(Mpsc, RefusesWhatIsSentAfterCloseAndKeepsWhatWasSentBefore) {
  auto [sender, receiver] = mpsc::channel<int>(1);
  CO_ASSERT_OK(sender.try_send(1));
  auto close = [&half = receiver] { half.close(); };
  const auto [waiting, unused] = co_await join(send_range(sender, 2, 3), after(1s, close));
  EXPECT_TRUE(absl::IsFailedPrecondition(waiting)) << waiting;
  EXPECT_TRUE(sender.is_closed());
  CO_ASSERT_OK(co_await sender.closed());
  EXPECT_TRUE(absl::IsFailedPrecondition(sender.try_send(3)));
  const absl::Status late = co_await sender.send(4);
  EXPECT_TRUE(absl::IsFailedPrecondition(late));
  const absl::StatusOr<int> kept = co_await receiver.recv();
  EXPECT_EQ(kept.value(), 1);
  const absl::StatusOr<int> end = co_await receiver.recv();
  EXPECT_TRUE(absl::IsAborted(end.status()));
}

ASYNC_TEST(Mpsc, TellsSendersThatTheReceiverIsGoneAndDropsWhatIsInTheChannel) {
  int alive = 0;
  auto pair = mpsc::channel<Alive>(4);
  mpsc::Sender<Alive> sender = std::move(pair.first);
  std::optional<mpsc::Receiver<Alive>> receiver(std::move(pair.second));
  absl::StatusOr<mpsc::Permit<Alive>> permit = sender.try_reserve();
  CO_ASSERT_OK(permit);
  CO_ASSERT_OK(sender.try_send(Alive(alive)));
  EXPECT_EQ(alive, 1);
  auto drop = [&receiver] { receiver.reset(); };
  auto watch = [](const mpsc::Sender<Alive>& half) -> Task<absl::Status> {
    co_return co_await half.closed();
  };
  const auto [closed, unused] = co_await join(watch(sender), after(1s, drop));
  CO_ASSERT_OK(closed);
  EXPECT_EQ(alive, 0);
  permit->send(Alive(alive));
  EXPECT_EQ(alive, 0);
}

// The actor pattern: who waits for the answer of an actor that is gone must not wait for ever.
ASYNC_TEST(Mpsc, DropsWithTheReceiverTheAnswersThatItsMessagesOwe) {
  struct Ask {
    oneshot::Sender<int> answer;
    mpsc::Sender<int> keeps;  // an end of a channel inside a value
  };
  auto asks = mpsc::unbounded_channel<Ask>();
  std::optional<mpsc::Receiver<Ask>> actor(std::move(asks.second));
  auto [answer, answered] = oneshot::channel<int>();
  auto [sender, receiver] = mpsc::channel<int>(1);
  Ask ask{std::move(answer), std::move(sender)};
  CO_ASSERT_OK(asks.first.send(std::move(ask)));
  actor.reset();
  const absl::StatusOr<int> none = co_await answered.receive();
  EXPECT_TRUE(absl::IsAborted(none.status()));
  const absl::StatusOr<int> end = co_await receiver.recv();
  EXPECT_TRUE(absl::IsAborted(end.status()));
}

ASYNC_TEST(Mpsc, LeavesTheValueToTheCallerWhoseTrySendFails) {
  auto [sender, receiver] = mpsc::channel<std::unique_ptr<int>>(1);
  CO_ASSERT_OK(sender.try_send(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(sender.try_send(std::move(second)).ok());
  EXPECT_NE(second, nullptr);  // NOLINT(bugprone-use-after-move): that is what is tested
  receiver.close();
  co_return;
}

ASYNC_TEST(Mpsc, TakesAllThatIsThereWithRecvMany) {
  auto [sender, receiver] = mpsc::unbounded_channel<int>();
  for (int i = 0; i < 100; ++i) CO_ASSERT_OK(sender.send(i));
  std::vector<int> buffer;
  const absl::StatusOr<std::size_t> some = co_await receiver.recv_many(buffer, 40);
  EXPECT_EQ(some.value(), 40U);
  const absl::StatusOr<std::size_t> rest = co_await receiver.recv_many(buffer, 100);
  EXPECT_EQ(rest.value(), 60U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(buffer[static_cast<std::size_t>(i)], i);
}

// A receive that was answered and then cancelled by the winner of a select must not take the value:
// select drops what a loser yields.
ASYNC_TEST(Mpsc, LosesNoValueToTheLoserOfASelect) {
  auto [sender, receiver] = mpsc::channel<int>(8);
  int received = 0;
  auto feed = [](mpsc::Sender<int> given) -> Task<absl::Status> {
    const mpsc::Sender<int> half = std::move(given);
    for (int i = 0; i < 20; ++i) {
      (void)co_await sleep(1ms);
      co_await or_return(co_await half.send(i));
    }
    co_return absl::OkStatus();
  };
  auto drain = [](mpsc::Receiver<int>& half, int& count) -> Task<absl::Status> {
    for (;;) {
      auto first = co_await select(recv_one(half), sleep_for(1ms));
      if (first.index() == 1) continue;
      const absl::StatusOr<int>& value = std::get<0>(first);
      if (absl::IsAborted(value.status())) co_return absl::OkStatus();
      EXPECT_EQ(value.value(), count++);
    }
  };
  co_await join(feed(std::move(sender)), drain(receiver, received));
  EXPECT_EQ(received, 20);
}

// The same for a send: the loser's value was not sent, so that the caller may send it again.
ASYNC_TEST(Mpsc, SendsNothingForTheLoserOfASelect) {
  auto [sender, receiver] = mpsc::channel<int>(1);
  auto feed = [](mpsc::Sender<int> given) -> Task<void> {
    const mpsc::Sender<int> half = std::move(given);
    for (int i = 0; i < 20;) {
      auto first = co_await select(send_range(half, i, i + 1), sleep_for(1ms));
      if (first.index() == 0) ++i;
    }
  };
  auto drain = [](mpsc::Receiver<int>& half, int& count) -> Task<void> {
    for (;;) {
      (void)co_await sleep(1ms);
      const absl::StatusOr<int> value = co_await half.recv();
      if (!value.ok()) co_return;
      EXPECT_EQ(*value, count++);
    }
  };
  int received = 0;
  co_await join(feed(std::move(sender)), drain(receiver, received));
  EXPECT_EQ(received, 20);
}

TEST(MpscAcrossThreads, BringsEveryValueOnceFromLoopsOnOtherThreads) {
  constexpr int kThreads = 3;
  constexpr int kValues = 2000;
  auto pair = std::make_optional(mpsc::channel<int>(16));
  mpsc::Receiver<int> receiver = std::move(pair->second);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, sender = pair->first] {
      ThreadLoop loop;
      EXPECT_TRUE(loop.run(send_range(sender, t * kValues, (t + 1) * kValues)).ok());
    });
  }
  pair.reset();
  std::vector<int> next;
  for (int t = 0; t < kThreads; ++t) next.push_back(t * kValues);
  ThreadLoop loop;
  const absl::StatusOr<std::vector<int>> all = loop.run(recv_all(receiver));
  ASSERT_TRUE(all.ok());
  for (const int value : *all) {
    EXPECT_EQ(value, next[static_cast<std::size_t>(value / kValues)]++);
  }
  EXPECT_EQ(all->size(), static_cast<std::size_t>(kThreads * kValues));
  for (std::thread& thread : threads) thread.join();
}

TEST(MpscAcrossThreads, LosesNothingWhenWaitsRunOutOfTime) {
  constexpr int kValues = 3000;
  auto [sender, receiver] = mpsc::channel<int>(2);
  std::thread other([half = std::move(sender)]() mutable {
    auto feed = [](mpsc::Sender<int> end) -> Task<void> {
      for (int i = 0; i < kValues;) {
        const absl::Status sent = co_await timeout(20us, send_range(end, i, i + 1));
        if (sent.ok()) ++i;
      }
    };
    ThreadLoop loop;
    loop.run(feed(std::move(half)));
  });
  auto drain = [](mpsc::Receiver<int>& half) -> Task<int> {
    for (int next = 0;;) {
      const absl::StatusOr<int> value = co_await timeout(20us, recv_one(half));
      if (absl::IsAborted(value.status())) co_return next;
      if (!value.ok()) continue;
      EXPECT_EQ(*value, next);
      next = *value + 1;
    }
  };
  ThreadLoop loop;
  EXPECT_EQ(loop.run(drain(receiver)), kValues);
  other.join();
}

}  // namespace
}  // namespace weir
