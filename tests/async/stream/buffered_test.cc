// SPDX-License-Identifier: Apache-2.0
#include "async/stream/buffered.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "async/shielded.h"
#include "async/stream/collect.h"
#include "async/stream/iter.h"
#include "async/stream/map.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;

using Number = absl::StatusOr<int>;

// What the calls of one test share.
struct Calls {
  int alive = 0;
  int begun = 0;
  int most = 0;
};

// Call n takes (7 n mod 4) seconds, so that ends and starts come in different orders.
Task<Number> call(Calls& calls, int value) {
  const Alive here(calls.alive);
  ++calls.begun;
  calls.most = std::max(calls.most, calls.alive);
  co_await or_return(co_await sleep((7 * value % 4) * 1s));
  co_return value;
}

Stream<Task<Number>> calls_of(Calls& calls, int last) {
  for (int i = 1; i <= last; ++i) co_yield call(calls, i);
}

Task<absl::StatusOr<std::vector<int>>> all_of(Calls& calls, bool ordered, std::size_t limit) {
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::vector<int>>> {
    Stream<Task<Number>> tasks = calls_of(calls, 12);
    if (ordered) co_return co_await try_collect(buffered(scope, std::move(tasks), limit));
    co_return co_await try_collect(buffer_unordered(scope, std::move(tasks), limit));
  };
  co_return co_await with_scope(body);
}

ASYNC_TEST(Buffered, YieldsInTheOrderOfTheTasks) {
  for (const std::size_t limit : {1U, 3U, 20U}) {
    Calls calls;
    const auto all = co_await all_of(calls, true, limit);
    CO_ASSERT_OK(all);
    EXPECT_EQ(*all, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
    EXPECT_LE(calls.most, static_cast<int>(limit));
    EXPECT_EQ(calls.alive, 0);
  }
}

ASYNC_TEST(BufferUnordered, YieldsInTheOrderOfTheirEnds) {
  Calls calls;
  const auto all = co_await all_of(calls, false, 4);
  CO_ASSERT_OK(all);
  // The first four take 3, 2, 1 and 0 seconds.
  EXPECT_EQ(all->front(), 4);
  std::vector<int> sorted = *all;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(calls.most, 4);
}

ASYNC_TEST(BufferUnordered, TakesTimeOnlyOnceForManyAtOnce) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Calls calls;
  CO_ASSERT_OK(co_await all_of(calls, false, 100));
  EXPECT_EQ(loop.now(), begin + 3s);
}

// A reader that stops reading stops the work: what runs and what waits count together.
ASYNC_TEST(BufferUnordered, RunsNoFurtherAheadThanItsLimit) {
  Calls calls;
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    auto results = buffer_unordered(scope, calls_of(calls, 12), 3);
    for (int read = 1; read <= 12; ++read) {
      EXPECT_TRUE((co_await results.next()).has_value());
      (void)co_await sleep(1h);
      EXPECT_EQ(calls.begun, std::min(read + 3, 12));
    }
    EXPECT_FALSE((co_await results.next()).has_value());
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

ASYNC_TEST(BufferUnordered, DoesNothingBeforeItIsAsked) {
  Calls calls;
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    const auto never = buffer_unordered(scope, calls_of(calls, 12), 3);
    co_return co_await sleep(1s);
  };
  CO_ASSERT_OK(co_await with_scope(body));
  EXPECT_EQ(calls.begun, 0);
}

ASYNC_TEST(Buffered, PassesErrorsOnInTheirPlaces) {
  auto source = []() -> Stream<absl::StatusOr<Task<Number>>> {
    co_yield testing::value_after(2s, Number(1));
    co_yield absl::NotFoundError("no task");
    co_yield testing::value_after(1s, Number(absl::AbortedError("failed")));
    co_yield testing::value_after(0s, Number(4));
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    const auto all = co_await collect(buffered(scope, source(), 4));
    EXPECT_EQ(all.size(), 4U);
    if (all.size() != 4) co_return absl::InternalError("size");
    EXPECT_EQ(*all[0], 1);
    EXPECT_TRUE(absl::IsNotFound(all[1].status()));
    EXPECT_TRUE(absl::IsAborted(all[2].status()));
    EXPECT_EQ(*all[3], 4);
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

ASYNC_TEST(Buffered, MakesStatusOrOfPlainResults) {
  auto plain = [](int value) { return testing::value_after(1s, value); };
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::vector<int>>> {
    auto tasks = map(iter(std::vector<int>{1, 2, 3}), plain);
    co_return co_await try_collect(buffered(scope, std::move(tasks), 2));
  };
  const absl::StatusOr<std::vector<int>> all = co_await with_scope(body);
  CO_ASSERT_OK(all);
  EXPECT_EQ(*all, (std::vector<int>{1, 2, 3}));
}

// The functions in the stream of tasks live as long as the tasks that they made.
ASYNC_TEST(BufferUnordered, KeepsTheFunctionsAliveThatItsTasksUse) {
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::vector<int>>> {
    auto factor = std::make_unique<int>(10);
    auto times = [factor = std::move(factor)](int value) -> Task<int> {
      (void)co_await sleep(1s);
      co_return value** factor;
    };
    auto tasks = map(iter(std::vector<int>{1, 2, 3}), std::move(times));
    co_return co_await try_collect(buffer_unordered(scope, std::move(tasks), 8));
  };
  const absl::StatusOr<std::vector<int>> all = co_await with_scope(body);
  CO_ASSERT_OK(all);
  EXPECT_EQ(all->size(), 3U);
}

ASYNC_TEST(BufferUnordered, StopsItsTasksWhenTheStreamGoesAndTheScopeWaitsForThem) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  int alive = 0;
  auto slow = [&](int) -> Task<absl::Status> {
    const Alive here(alive);
    const absl::Status status = co_await sleep(1h);
    // Stopping takes a while too.
    (void)co_await shielded(testing::value_after(1s, 0));
    co_return status;
  };
  auto quick = [&](int value) -> Task<absl::Status> {
    if (value > 1) return slow(value);
    return testing::status_after(0s, absl::OkStatus());
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    {
      auto results = buffer_unordered(scope, map(iter(std::vector<int>{1, 2, 3}), quick), 3);
      EXPECT_TRUE((co_await results.next())->ok());
      (void)co_await testing::settle();
      EXPECT_EQ(alive, 2);
    }
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
  EXPECT_EQ(alive, 0);
  EXPECT_LE(loop.now(), begin + 1s + 1ms);
}

ASYNC_TEST(BufferUnordered, LosesNothingToACancelledNext) {
  Calls calls;
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    auto results = buffer_unordered(scope, calls_of(calls, 12), 2);
    std::vector<int> got;
    for (;;) {
      // A plain next() with little patience: its status is an item of the stream.
      const auto read = co_await timeout(300ms, try_next(results));
      if (absl::IsDeadlineExceeded(read.status())) continue;
      co_await or_return(read.status());
      if (!read->has_value()) break;
      got.push_back(**read);
    }
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

// A loop that only looks for the end finds it.
ASYNC_TEST(BufferUnordered, EndsForAReaderThatIsToldToStop) {
  Calls calls;
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::size_t>> {
    co_return (co_await collect(buffered(scope, calls_of(calls, 12), 2))).size();
  };
  for (Duration patience = 0ms; patience <= 12s; patience += 500ms) {
    const auto size = co_await timeout(patience, with_scope(body));
    EXPECT_EQ(calls.alive, 0);
    EXPECT_TRUE(size.ok() || absl::IsDeadlineExceeded(size.status())) << size.status();
  }
}

ASYNC_TEST(BufferUnordered, LeavesNothingRunningWhereverItIsCancelled) {
  static constexpr std::array kEither = {false, true};
  for (const bool ordered : kEither) {
    for (Duration patience = 0ms; patience <= 8s; patience += 500ms) {
      Calls calls;
      const auto all = co_await timeout(patience, all_of(calls, ordered, 3));
      EXPECT_EQ(calls.alive, 0);
      EXPECT_TRUE(all.ok() ? all->size() == 12 : absl::IsDeadlineExceeded(all.status()));
    }
  }
}

}  // namespace
}  // namespace weir
