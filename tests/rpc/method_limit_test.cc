// SPDX-License-Identifier: Apache-2.0
// A method's limit under load, in virtual time: a backend with so many workers, and calls that
// arrive whether or not it keeps up.

#include "server/rpc/method_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "async/join_set.h"
#include "async/semaphore.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"

namespace weir::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 3;

// 200 calls a second, each 20 ms if nothing is in its way.
struct Backend {
  Semaphore workers{4};
  Duration service = milliseconds(20);
};

struct Caller {
  double rate = 0;  // a second
  Method::Priority priority = Method::Priority::kNormal;
  const char* client = "one";
};

Caller at_rate(double rate, const char* client = "one") { return {.rate = rate, .client = client}; }
Caller batch_at_rate(double rate) { return {.rate = rate, .priority = Method::Priority::kBatch}; }

// A method's limit, and the accounts of those that call it.
struct Limited : MethodLimit {
  using MethodLimit::MethodLimit;
  ClientAccounts accounts{ClientLimits{}};
};

struct Counts {
  std::size_t served = 0;
  std::map<Refusal, std::size_t> refused;
  std::vector<Duration> took;

  std::size_t all_refused() const {
    std::size_t all = 0;
    for (const auto& [why, count] : refused) all += count;
    return all;
  }
  Duration p99() {
    std::sort(took.begin(), took.end());
    return took.empty() ? Duration::zero() : took[took.size() * 99 / 100];
  }
};

LimitOptions options() {
  LimitOptions options;
  options.slack = Duration::zero();
  options.first = 64;
  return options;
}

Task<void> one_call(Limited& limit, Backend& backend, Caller caller, Counts& counts) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint arrival = loop.now();
  MethodLimit::Place place = limit.try_enter(arrival);
  if (!place) {
    const std::shared_ptr<ClientAccount> client = limit.accounts.of(caller.client);
    MethodLimit::Answer answer = co_await limit.wait(caller.priority, *client);
    if (!answer.stood_in_line) {
      EXPECT_EQ(answer.refusal, Refusal::kLineFull);
      EXPECT_EQ(loop.now(), arrival);
    }
    if (answer.refusal) ++counts.refused[*answer.refusal];
    if (!answer.place) co_return;
    place = std::move(answer.place);
  }
  {
    const absl::StatusOr<Permit> permit = co_await backend.workers.acquire();
    (void)co_await sleep(backend.service);
  }
  place.done(loop.now());
  ++counts.served;
  counts.took.push_back(loop.now() - arrival);
}

// Calls that arrive for so long, evenly; ends when the last of them has.
Task<void> load(Limited& limit, Backend& backend, Caller caller, Duration lasts, Counts& counts) {
  CurrentTask& self = co_await this_task();
  const EventLoop& loop = self.context().loop();
  const TimePoint start = loop.now();
  JoinSet<void> calls(self);
  for (double i = 0; loop.now() - start < lasts; ++i) {
    calls.spawn(one_call(limit, backend, caller, counts));
    const auto next = std::chrono::duration<double>((i + 1) / caller.rate);
    (void)co_await sleep_until(start + std::chrono::duration_cast<Duration>(next));
  }
  while (co_await calls.join_next()) {
  }
}

// Two at the same time.
Task<void> compete(Limited& limit, Backend& backend, Caller one, Counts& of_one, Caller other,
                   Counts& of_other, Duration lasts) {
  CurrentTask& self = co_await this_task();
  JoinSet<void> both(self);
  both.spawn(load(limit, backend, one, lasts, of_one));
  both.spawn(load(limit, backend, other, lasts, of_other));
  while (co_await both.join_next()) {
  }
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, UnderLightLoadNobodyIsRefused, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts counts;
  co_await load(limit, backend, at_rate(100), seconds(30), counts);
  EXPECT_EQ(counts.all_refused(), 0u);
  EXPECT_EQ(counts.p99(), milliseconds(20));
  EXPECT_EQ(limit.limit().usual(), milliseconds(20));
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, AtThreeTimesWhatItCanItDoesWhatItCanAndSoon, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts light;
  co_await load(limit, backend, at_rate(100), seconds(2), light);
  Counts first;
  co_await load(limit, backend, at_rate(600), seconds(2), first);
  Counts counts;
  co_await load(limit, backend, at_rate(600), seconds(30), counts);
  EXPECT_GE(counts.served, 30u * 200 * 95 / 100);
  EXPECT_LT(counts.p99(), 3 * light.p99());
  Counts end;
  co_await load(limit, backend, at_rate(150), seconds(1), end);
  Counts after;
  co_await load(limit, backend, at_rate(150), seconds(10), after);
  EXPECT_EQ(after.all_refused(), 0u);
  EXPECT_LE(after.p99(), milliseconds(40));
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, AnOverloadFromTheFirstCallOnIsFoundOut, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts first;
  co_await load(limit, backend, at_rate(600), seconds(15), first);
  Counts counts;
  co_await load(limit, backend, at_rate(600), seconds(10), counts);
  EXPECT_GE(counts.served, 10u * 200 * 90 / 100);
  EXPECT_LT(counts.p99(), milliseconds(60));
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, ABackendThatGotSlowerIsTheNewUsual, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts before;
  co_await load(limit, backend, at_rate(600), seconds(3), before);
  backend.service = milliseconds(60);
  Counts meanwhile;
  co_await load(limit, backend, at_rate(600), seconds(15), meanwhile);
  Counts after;
  co_await load(limit, backend, at_rate(600), seconds(10), after);
  EXPECT_GE(after.served, 10u * 66 * 90 / 100);
  EXPECT_LT(after.p99(), 3 * backend.service);
}

// What ends early in a probe began before it, and took as long as the overload made it.
ASYNC_TEST_UNDER_SEEDS(MethodLimit, WhatTakesSecondsIsNotMeasuredByCallsOfBeforeTheProbe, kSeeds) {
  Limited limit(options());
  Backend backend;
  backend.service = seconds(5);
  Counts light;
  co_await load(limit, backend, at_rate(0.4), std::chrono::minutes(1), light);
  Counts first;
  co_await load(limit, backend, at_rate(2.4), std::chrono::minutes(20), first);
  Counts counts;
  co_await load(limit, backend, at_rate(2.4), std::chrono::minutes(10), counts);
  EXPECT_GE(counts.served, 600u * 8 / 10 * 85 / 100);
  EXPECT_LT(counts.p99(), 4 * backend.service);
  EXPECT_LT(limit.limit().usual(), 2 * backend.service);
}

// What others do on the same machine makes each call take long, however few there are.
ASYNC_TEST_UNDER_SEEDS(MethodLimit, OnACrowdedMachineAFastMethodRefusesNobodyByDefault, kSeeds) {
  Limited limit{LimitOptions()};
  Backend backend;
  backend.workers.add_permits(1000);
  backend.service = std::chrono::microseconds(300);
  Counts before;
  co_await load(limit, backend, at_rate(500), seconds(3), before);
  backend.service = milliseconds(60);
  Counts meanwhile;
  co_await load(limit, backend, at_rate(500), seconds(10), meanwhile);
  EXPECT_EQ(meanwhile.all_refused(), 0u);
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, ABackendThatGotFasterIsUsed, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts before;
  co_await load(limit, backend, at_rate(600), seconds(3), before);
  backend.service = milliseconds(5);
  Counts after;
  co_await load(limit, backend, at_rate(600), seconds(5), after);
  EXPECT_GE(after.served, 5u * 600 * 95 / 100);
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, ALimitThatHadToBecomeTinyGrowsAgain, kSeeds) {
  LimitOptions tiny = options();
  tiny.least = 2;
  Limited limit(tiny);
  Backend backend{.workers = Semaphore(1)};
  Counts before;
  co_await load(limit, backend, at_rate(500), seconds(5), before);
  EXPECT_LE(limit.limit().limit(), 3u);
  backend.workers.add_permits(100);
  Counts after;
  co_await load(limit, backend, at_rate(500), seconds(10), after);
  EXPECT_GE(limit.limit().limit(), 10u) << "500 calls a second of 20 ms each";
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, ABurstWaitsAndIsServed, kSeeds) {
  LimitOptions small = options();
  small.first = 40;
  Limited limit(small);
  Backend backend;
  backend.workers.add_permits(40);
  CurrentTask& self = co_await this_task();
  JoinSet<void> calls(self);
  Counts counts;
  for (int i = 0; i < 60; ++i) calls.spawn(one_call(limit, backend, {}, counts));
  while (co_await calls.join_next()) {
  }
  EXPECT_EQ(counts.served, 60u);
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, BatchesGetWhatIsLeft, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts first;
  co_await load(limit, backend, batch_at_rate(600), seconds(3), first);
  Counts normal;
  Counts batch;
  co_await compete(limit, backend, at_rate(150), normal, batch_at_rate(450), batch, seconds(20));
  EXPECT_GE(normal.served, 20u * 150 * 97 / 100);
  EXPECT_GE(batch.served, 20u * 50 * 80 / 100);
}

ASYNC_TEST_UNDER_SEEDS(MethodLimit, AClientThatIgnoresRefusalsDoesNotStarveAnother, kSeeds) {
  Limited limit(options());
  Backend backend;
  Counts first;
  co_await load(limit, backend, at_rate(1000, "greedy"), seconds(3), first);
  Counts greedy;
  Counts modest;
  co_await compete(limit, backend, at_rate(1000, "greedy"), greedy, at_rate(40, "modest"), modest,
                   seconds(20));
  EXPECT_GE(modest.served, 20u * 40 * 97 / 100);
  EXPECT_GE(greedy.served + modest.served, 20u * 200 * 90 / 100) << "and nothing is left unused";
}

// What takes long is given seldom: who had how much of it has to be remembered for longer.
ASYNC_TEST_UNDER_SEEDS(MethodLimit, NorDoesItWhereACallTakesLong, kSeeds) {
  Limited limit(options());
  Backend backend{.workers = Semaphore(1)};
  Counts first;
  co_await load(limit, backend, at_rate(150, "greedy"), seconds(3), first);
  Counts greedy;
  Counts modest;
  co_await compete(limit, backend, at_rate(150, "greedy"), greedy, at_rate(5, "modest"), modest,
                   seconds(40));
  EXPECT_GE(modest.served, 40u * 5 * 97 / 100);
  EXPECT_GE(greedy.served + modest.served, 40u * 50 * 90 / 100) << "and nothing is left unused";
}

// Long after everybody forgot that there is another.
ASYNC_TEST_UNDER_SEEDS(MethodLimit, NorOneThatComesSeldom, kSeeds) {
  Limited limit(options());
  Backend backend{.workers = Semaphore(1)};
  Counts first;
  co_await load(limit, backend, at_rate(150, "greedy"), seconds(3), first);
  Counts greedy;
  Counts seldom;
  co_await compete(limit, backend, at_rate(150, "greedy"), greedy, at_rate(0.05, "seldom"), seldom,
                   seconds(200));
  EXPECT_EQ(seldom.served, 10u);
  EXPECT_LE(seldom.p99(), milliseconds(200));
}

ASYNC_TEST(MethodLimit, WhoCannotBeDoneInTimeIsRefusedBeforeItWaits) {
  LimitOptions one;
  one.first = one.least = 1;
  Limited limit(one);
  Backend backend;
  Counts counts;
  co_await load(limit, backend, at_rate(10), seconds(2), counts);  // 20 ms is usual
  const EventLoop& loop = (co_await this_context()).loop();
  MethodLimit::Place taken = limit.try_enter(loop.now());
  CO_ASSERT_TRUE(taken);
  const TimePoint before = loop.now();
  const auto wait = [](Limited& on) -> Task<std::optional<Refusal>> {
    const MethodLimit::Answer answer =
        co_await on.wait(Method::Priority::kNormal, *on.accounts.of("one"));
    co_return answer.refusal;
  };
  const auto refusal = co_await timeout(milliseconds(10), wait(limit));
  CO_ASSERT_OK(refusal);
  EXPECT_EQ(*refusal, Refusal::kHopeless);
  EXPECT_EQ(loop.now(), before);
  EXPECT_EQ(limit.waiting(), 0u);
}

ASYNC_TEST(MethodLimit, WhoIsToldToStopLeavesTheLineAndTheNextGetsThePlace) {
  LimitOptions one;
  one.first = one.least = 1;
  Limited limit(one);
  CurrentTask& self = co_await this_task();
  const EventLoop& loop = self.context().loop();
  std::optional<MethodLimit::Place> taken = limit.try_enter(loop.now());
  JoinSet<absl::StatusOr<bool>> set(self);
  const auto wait = [](Limited& on) -> Task<bool> {
    const MethodLimit::Answer answer =
        co_await on.wait(Method::Priority::kNormal, *on.accounts.of("one"));
    co_return static_cast<bool>(answer.place);
  };
  set.spawn(timeout(milliseconds(5), wait(limit)));
  set.spawn(timeout(seconds(5), wait(limit)));
  (void)co_await sleep(milliseconds(10));
  EXPECT_EQ(limit.waiting(), 1u);
  taken.reset();
  std::size_t served = 0;
  while (auto got = co_await set.join_next()) served += got->ok() && **got;
  EXPECT_EQ(served, 1u);
  EXPECT_EQ(limit.in_progress(), 0u);
}

}  // namespace
}  // namespace weir::rpc
