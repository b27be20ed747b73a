// SPDX-License-Identifier: Apache-2.0
#include "async/oneshot.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "async/join.h"
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

template <class T>
Task<absl::StatusOr<T>> receive(oneshot::Receiver<T>& receiver) {
  co_return co_await receiver.receive();
}

ASYNC_TEST(Oneshot, CarriesAValueSentBeforeTheReceive) {
  auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
  EXPECT_TRUE(sender.send(std::make_unique<int>(42)));
  const absl::StatusOr<std::unique_ptr<int>> value = co_await receiver.receive();
  CO_ASSERT_OK(value);
  EXPECT_EQ(**value, 42);
}

ASYNC_TEST(Oneshot, CarriesAValueSentToAWaitingReceiver) {
  auto [sender, receiver] = oneshot::channel<std::string>();
  auto send_later = [](oneshot::Sender<std::string> half) -> Task<void> {
    (void)co_await sleep(1s);
    EXPECT_FALSE(half.is_closed());
    EXPECT_TRUE(half.send("hello"));
  };
  const auto [value, unused] = co_await join(receive(receiver), send_later(std::move(sender)));
  EXPECT_EQ(value.value(), "hello");
}

ASYNC_TEST(Oneshot, IsAbortedWhenTheSenderIsDropped) {
  auto [sender, receiver] = oneshot::channel<int>();
  auto drop_later = [](oneshot::Sender<int> half) -> Task<void> {
    (void)co_await sleep(1s);
    const oneshot::Sender<int> dropped = std::move(half);
  };
  const auto [value, unused] = co_await join(receive(receiver), drop_later(std::move(sender)));
  EXPECT_TRUE(absl::IsAborted(value.status()));
  const absl::StatusOr<int> again = co_await receiver.receive();
  EXPECT_TRUE(absl::IsAborted(again.status()));
}

ASYNC_TEST(Oneshot, IsAbortedAfterItsOneValueWasReceived) {
  auto [sender, receiver] = oneshot::channel<int>();
  EXPECT_TRUE(sender.send(1));
  const absl::StatusOr<int> first = co_await receiver.receive();
  EXPECT_EQ(first.value(), 1);
  const absl::StatusOr<int> second = co_await receiver.receive();
  EXPECT_TRUE(absl::IsAborted(second.status()));
}

ASYNC_TEST(Oneshot, RefusesAValueThatNobodyWillReceive) {
  int alive = 0;
  auto pair = std::make_optional(oneshot::channel<Alive>());
  oneshot::Sender<Alive> sender = std::move(pair->first);
  EXPECT_FALSE(sender.is_closed());
  pair.reset();
  EXPECT_TRUE(sender.is_closed());
  EXPECT_FALSE(sender.send(Alive(alive)));
  EXPECT_EQ(alive, 0);
  co_return;
}

ASYNC_TEST(Oneshot, DestroysAValueThatWasSentButNeverReceived) {
  int alive = 0;
  {
    auto [sender, receiver] = oneshot::channel<Alive>();
    EXPECT_TRUE(sender.send(Alive(alive)));
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
  co_return;
}

ASYNC_TEST(Oneshot, CanBeReceivedAgainAfterACancelledReceive) {
  auto [sender, receiver] = oneshot::channel<int>();
  const absl::StatusOr<int> early = co_await timeout(1s, receive(receiver));
  EXPECT_TRUE(absl::IsDeadlineExceeded(early.status()));
  EXPECT_FALSE(sender.is_closed());
  EXPECT_TRUE(sender.send(9));
  const absl::StatusOr<int> value = co_await receiver.receive();
  EXPECT_EQ(value.value(), 9);
}

ASYNC_TEST(Oneshot, LosesNothingWhenTheValueComesAtTheDeadline) {
  auto [sender, receiver] = oneshot::channel<int>();
  auto send_at = [](oneshot::Sender<int> half) -> Task<void> {
    (void)co_await sleep(1s);
    EXPECT_TRUE(half.send(5));
  };
  auto [value, unused] = co_await join(timeout(1s, receive(receiver)), send_at(std::move(sender)));
  if (!value.ok()) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(value.status()));
    value = co_await receiver.receive();
  }
  EXPECT_EQ(value.value(), 5);
}

ASYNC_TEST(Oneshot, GivesAValueThatIsThereToATaskThatWasToldToStop) {
  auto [sender, receiver] = oneshot::channel<int>();
  EXPECT_TRUE(sender.send(5));
  auto late = [](oneshot::Receiver<int>& half) -> Task<absl::StatusOr<int>> {
    (void)co_await testing::until_cancelled();
    co_return co_await half.receive();
  };
  const absl::StatusOr<int> value = co_await timeout(1s, late(receiver));
  EXPECT_EQ(value.value(), 5);
}

ASYNC_TEST(Oneshot, TellsTheSenderWhenNobodyWillReceive) {
  auto [sender, receiver] = oneshot::channel<int>();
  auto until_closed = [](oneshot::Sender<int>& half) -> Task<absl::Status> {
    co_return co_await half.closed();
  };
  auto close_later = [](oneshot::Receiver<int>& half) -> Task<void> {
    (void)co_await sleep(1s);
    half.close();
  };
  const auto [closed, unused] = co_await join(until_closed(sender), close_later(receiver));
  CO_ASSERT_OK(closed);
  EXPECT_TRUE(sender.is_closed());
  EXPECT_FALSE(sender.send(1));
  const absl::StatusOr<int> none = co_await receiver.receive();
  EXPECT_TRUE(absl::IsAborted(none.status()));
}

ASYNC_TEST(Oneshot, KeepsAValueThatWasSentBeforeTheReceiverClosed) {
  auto [sender, receiver] = oneshot::channel<int>();
  EXPECT_TRUE(absl::IsUnavailable(receiver.try_receive().status()));
  EXPECT_TRUE(sender.send(1));
  receiver.close();
  EXPECT_EQ(receiver.try_receive().value(), 1);
  EXPECT_TRUE(absl::IsAborted(receiver.try_receive().status()));
  co_return;
}

ASYNC_TEST(Oneshot, LosesNoValueToTheLoserOfASelect) {
  auto [sender, receiver] = oneshot::channel<int>();
  auto send_at = [](oneshot::Sender<int> half) -> Task<void> {
    (void)co_await sleep(1s);
    EXPECT_TRUE(half.send(5));
  };
  auto race = [](oneshot::Receiver<int>& half) -> Task<absl::StatusOr<int>> {
    auto first = co_await select(receive(half), testing::sleep_for(1s));
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return co_await half.receive();
  };
  const auto [value, unused] = co_await join(race(receiver), send_at(std::move(sender)));
  EXPECT_EQ(value.value(), 5);
}

TEST(OneshotAcrossThreads, CarriesAValueOrTheEndOfTheSender) {
  for (int round = 0; round < 300; ++round) {
    auto channel = oneshot::channel<std::string>();
    std::latch start(2);
    std::thread other([&start, half = std::move(channel.first), round]() mutable {
      oneshot::Sender<std::string> sender = std::move(half);
      start.arrive_and_wait();
      if (round % 2 == 0) {
        EXPECT_TRUE(sender.send("a value that is too long to be kept inline"));
      }
    });
    auto body = [](std::latch& begin,
                   oneshot::Receiver<std::string> half) -> Task<absl::StatusOr<std::string>> {
      begin.arrive_and_wait();
      co_return co_await half.receive();
    };
    ThreadLoop loop;
    const absl::StatusOr<std::string> value = loop.run(body(start, std::move(channel.second)));
    if (round % 2 == 0) {
      EXPECT_EQ(value.value(), "a value that is too long to be kept inline");
    } else {
      EXPECT_TRUE(absl::IsAborted(value.status()));
    }
    other.join();
  }
}

// The receiver gives up, or is dropped, while the value is on its way.
TEST(OneshotAcrossThreads, SurvivesAReceiverThatLeavesWhileTheValueComes) {
  for (int round = 0; round < 300; ++round) {
    auto channel = oneshot::channel<std::string>();
    std::latch start(2);
    bool sent = false;
    std::thread other([&start, &sent, half = std::move(channel.first)]() mutable {
      start.arrive_and_wait();
      sent = half.send("a value that is too long to be kept inline");
    });
    auto body = [](std::latch& begin, oneshot::Receiver<std::string> half) -> Task<bool> {
      begin.arrive_and_wait();
      const absl::StatusOr<std::string> value = co_await timeout(10us, receive(half));
      co_return value.ok();
    };
    ThreadLoop loop;
    const bool received = loop.run(body(start, std::move(channel.second)));
    other.join();
    EXPECT_TRUE(sent || !received);
  }
}

}  // namespace
}  // namespace weir
