// SPDX-License-Identifier: Apache-2.0
#include "async/stream/for_each.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "async/stream/iter.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"
#include "tests/async/stream/numbers.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;

ASYNC_TEST(ForEachConcurrent, RunsAtMostItsLimit) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  int running = 0;
  int most = 0;
  int sum = 0;
  auto work = [&](int value) -> Task<void> {
    most = std::max(most, ++running);
    (void)co_await sleep(1s);
    --running;
    sum += value;
  };
  const absl::Status status = co_await for_each_concurrent(iter(testing::one_to(10)), 3, work);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(most, 3);
  EXPECT_EQ(sum, 55);
  EXPECT_EQ(loop.now(), begin + 4s);
}

ASYNC_TEST(ForEachConcurrent, AsksForNoItemBeforeThereIsRoom) {
  int asked = 0;
  int ended = 0;
  auto source = [](int& count) -> Stream<int> {
    while (count < 20) co_yield ++count;
  };
  auto work = [&](int) -> Task<void> {
    EXPECT_LE(asked - ended, 2);
    (void)co_await sleep(1s);
    ++ended;
  };
  EXPECT_TRUE((co_await for_each_concurrent(source(asked), 2, work)).ok());
  EXPECT_EQ(ended, 20);
}

ASYNC_TEST(ForEachConcurrent, StopsAllAtTheFirstErrorAndWaitsForThem) {
  int alive = 0;
  int began = 0;
  auto work = [&](int value) -> Task<absl::Status> {
    const Alive here(alive);
    ++began;
    if (value == 3) co_return co_await testing::status_after(1s, absl::NotFoundError("third"));
    co_return co_await sleep(1h);
  };
  const absl::Status status = co_await for_each_concurrent(iter(testing::one_to(100)), 5, work);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(alive, 0);
  EXPECT_LE(began, 6);
}

ASYNC_TEST(ForEachConcurrent, EndsWithAnErrorOfTheStream) {
  auto source = []() -> Stream<absl::StatusOr<int>> {
    co_yield 1;
    co_yield absl::NotFoundError("none");
    co_yield 2;
  };
  int calls = 0;
  auto work = [&](int) -> Task<absl::Status> {
    ++calls;
    co_return co_await sleep(1s);
  };
  const absl::Status status = co_await for_each_concurrent(source(), 4, work);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_LE(calls, 1);
}

// Told to stop at any time: it answers so at once, or had ended, and nothing runs on.
ASYNC_TEST(ForEachConcurrent, LeavesNothingRunningWhereverItIsCancelled) {
  for (Duration patience = 0ms; patience <= 4s; patience += 500ms) {
    int alive = 0;
    auto work = [&](int) -> Task<absl::Status> {
      const Alive here(alive);
      co_return co_await sleep(1s);
    };
    const EventLoop& loop = (co_await this_context()).loop();
    const TimePoint begin = loop.now();
    const absl::Status status =
        co_await timeout(patience, for_each_concurrent(iter(testing::one_to(6)), 2, work));
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(status.ok() ? patience >= 3s : absl::IsDeadlineExceeded(status)) << status;
    EXPECT_EQ(loop.now(), begin + std::min<Duration>(patience, 3s));
  }
}

}  // namespace
}  // namespace weir
