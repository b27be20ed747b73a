// SPDX-License-Identifier: Apache-2.0
#include "server/redis/single_flight.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "async/cancelled.h"
#include "async/join_set.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "server/redis/background.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;
using Flights = SingleFlight<absl::StatusOr<std::string>>;

// Makes the value "made <n>" for the n-th flight, in ten milliseconds.
class Maker {
 public:
  Task<absl::StatusOr<std::string>> get(std::string key) {
    const Context& context = co_await this_context();
    Flights::Boarding boarding = flights_.join(key);
    if (boarding.is_first) {
      background_.spawn(context.loop(), boarding.flight->scope, make(boarding.flight));
    }
    co_return co_await flights_.landed(std::move(boarding.flight));
  }

  Flights& flights() { return flights_; }
  Background& background() { return background_; }
  int begun() const { return begun_; }
  int cancelled() const { return cancelled_; }

 private:
  Task<void> make(std::shared_ptr<Flights::Flight> flight) {
    const int number = ++begun_;
    const absl::Status status = co_await sleep(10ms);
    if (!status.ok()) ++cancelled_;
    absl::StatusOr<std::string> made = "made " + std::to_string(number);
    if (!status.ok()) made = status;
    flights_.land(*flight, std::move(made));
  }

  Flights flights_;
  Background background_;
  int begun_ = 0;
  int cancelled_ = 0;
};

ASYNC_TEST(SingleFlight, MakesOneForAllWhoWantIt) {
  Maker maker;
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  for (int i = 0; i < 20; ++i) set.spawn(maker.get("k"));
  while (auto made = co_await set.join_next()) {
    CO_ASSERT_OK(*made);
    EXPECT_EQ(**made, "made 1");
  }
  EXPECT_EQ(maker.begun(), 1);
  co_await maker.background().drain();
}

ASYNC_TEST(SingleFlight, KeepsKeysApart) {
  Maker maker;
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  set.spawn(maker.get("a"));
  set.spawn(maker.get("b"));
  while (auto made = co_await set.join_next()) CO_ASSERT_OK(*made);
  EXPECT_EQ(maker.begun(), 2);
  co_await maker.background().drain();
}

ASYNC_TEST(SingleFlight, BeginsAnewAfterItLanded) {
  Maker maker;
  CO_ASSERT_OK(co_await maker.get("k"));
  const absl::StatusOr<std::string> second = co_await maker.get("k");
  CO_ASSERT_OK(second);
  EXPECT_EQ(*second, "made 2");
  co_await maker.background().drain();
}

ASYNC_TEST(SingleFlight, GoesOnWhenTheOneWhoBeganItLeaves) {
  Maker maker;
  JoinSet<absl::StatusOr<std::string>> leaving(co_await this_task());
  leaving.spawn(maker.get("k"));
  while (maker.begun() == 0) (void)co_await sleep(1ms);
  JoinSet<absl::StatusOr<std::string>> staying(co_await this_task());
  staying.spawn(maker.get("k"));
  (void)co_await sleep(1ms);

  leaving.abort_all();
  const auto left = co_await leaving.join_next();
  EXPECT_TRUE(absl::IsCancelled(left->status())) << left->status();
  const auto made = co_await staying.join_next();
  CO_ASSERT_OK(*made);
  EXPECT_EQ(**made, "made 1");
  EXPECT_EQ(maker.cancelled(), 0);
  co_await maker.background().drain();
}

ASYNC_TEST(SingleFlight, IsCancelledWhenTheLastHasLeft) {
  Maker maker;
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  for (int i = 0; i < 3; ++i) set.spawn(maker.get("k"));
  while (maker.begun() == 0) (void)co_await sleep(1ms);
  set.abort_all();
  while (auto made = co_await set.join_next()) EXPECT_TRUE(absl::IsCancelled(made->status()));
  EXPECT_LE(maker.begun(), 3);  // whoever comes when all others have left begins anew

  // And whoever comes now does not join what is being cancelled.
  const absl::StatusOr<std::string> next = co_await maker.get("k");
  CO_ASSERT_OK(next);
  EXPECT_EQ(*next, "made " + std::to_string(maker.begun()));
  co_await maker.background().drain();
  EXPECT_EQ(maker.cancelled(), maker.begun() - 1);
}

ASYNC_TEST(SingleFlight, IsNotJoinedAfterItWasForgotten) {
  Maker maker;
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  set.spawn(maker.get("k"));
  while (maker.begun() == 0) (void)co_await sleep(1ms);
  maker.flights().forget("k");
  const absl::StatusOr<std::string> second = co_await maker.get("k");
  CO_ASSERT_OK(second);
  EXPECT_EQ(*second, "made 2");
  const auto first = co_await set.join_next();
  CO_ASSERT_OK(*first);
  EXPECT_EQ(**first, "made 1");
  co_await maker.background().drain();
}

ASYNC_TEST(SingleFlight, AnswersEveryoneWhoeverLeavesWhen) {
  Maker maker;
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  for (int i = 0; i < 30; ++i) {
    set.spawn(timeout(1ms * (i % 15), maker.get(i % 2 == 0 ? "a" : "b")));
  }
  int ended = 0;
  while (auto made = co_await set.join_next()) {
    EXPECT_TRUE(made->ok() || absl::IsDeadlineExceeded(made->status())) << made->status();
    ++ended;
  }
  EXPECT_EQ(ended, 30);
  co_await maker.background().drain();
}

TEST(SingleFlight, IsSharedAcrossLoops) {
  constexpr int kLoops = 3;
  Maker maker;
  // The flight needs its loop to run until it has landed: each waits for its own answer only.
  std::vector<std::thread> threads;
  for (int i = 0; i < kLoops; ++i) {
    threads.emplace_back([&] {
      ThreadLoop loop;
      const auto body = [](Maker& m) -> Task<absl::StatusOr<std::string>> {
        absl::StatusOr<std::string> made = co_await m.get("k");
        co_await m.background().drain();
        co_return made;
      };
      const absl::StatusOr<std::string> made = loop.run(body(maker));
      EXPECT_TRUE(made.ok()) << made.status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(maker.begun(), 1);
  EXPECT_LE(maker.begun(), kLoops);
}

ASYNC_TEST(Background, OutlivesTheCallThatSpawnedIt) {
  Background background;
  CancelScope scope;
  bool has_ended = false;
  const auto work = [](bool& ended) -> Task<void> {
    const absl::Status status = co_await sleep(10ms);
    EXPECT_TRUE(status.ok()) << status;
    ended = true;
  };
  const auto spawn_it = [&]() -> Task<void> {
    const Context& context = co_await this_context();
    background.spawn(context.loop(), scope, work(has_ended));
    (void)co_await sleep(1h);
  };
  EXPECT_TRUE(absl::IsDeadlineExceeded(co_await timeout(1ms, spawn_it())));
  EXPECT_EQ(background.running(), 1u);
  co_await background.drain();
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(background.running(), 0u);
}

}  // namespace
}  // namespace weir::redis
