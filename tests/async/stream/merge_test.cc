// SPDX-License-Identifier: Apache-2.0
#include "async/stream/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "async/stream/collect.h"
#include "async/stream/iter.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;

using Number = absl::StatusOr<int>;

// `base` + 1, 2, ... one each `period`.
Stream<Number> every(Duration period, int base, int count, int& alive) {
  const Alive here(alive);
  for (int i = 1; i <= count; ++i) {
    co_await or_return(co_await sleep(period));
    co_yield base + i;
  }
}

ASYNC_TEST(Merge, YieldsEachItemAsItComes) {
  int alive = 0;
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::vector<int>>> {
    co_return co_await try_collect(
        merge(scope, every(2s, 0, 3, alive), every(3s, 10, 2, alive), every(5s, 20, 1, alive)));
  };
  const auto all = co_await with_scope(body);
  CO_ASSERT_OK(all);
  CO_ASSERT_TRUE(all->size() == 6);
  EXPECT_EQ(std::vector<int>(all->begin(), all->begin() + 4), (std::vector<int>{1, 11, 2, 21}));
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(Merge, IsEmptyWithoutSources) {
  auto body = [](TaskScope& scope) -> Task<absl::StatusOr<std::vector<int>>> {
    co_return co_await try_collect(merge(scope, std::vector<Stream<int>>()));
  };
  const auto all = co_await with_scope(body);
  CO_ASSERT_OK(all);
  EXPECT_TRUE(all->empty());
}

// Both can always yield: each has its turn.
ASYNC_TEST(Merge, StarvesNoSource) {
  auto endless = [](int value) -> Stream<int> {
    for (;;) co_yield value;
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    auto both = merge(scope, endless(1), endless(2));
    int ones = 0;
    int twos = 0;
    for (int i = 0; i < 100; ++i) {
      const std::optional<int> item = co_await or_return(try_next(both));
      (*item == 1 ? ones : twos) += 1;
    }
    EXPECT_GE(ones, 25);
    EXPECT_GE(twos, 25);
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

ASYNC_TEST(Merge, ReadsNoFurtherAheadThanOneItemASource) {
  int made = 0;
  auto counted = [](int& count) -> Stream<int> {
    for (;;) co_yield ++count;
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    auto both = merge(scope, counted(made), counted(made));
    for (int read = 1; read <= 10; ++read) {
      (void)co_await or_return(try_next(both));
      (void)co_await sleep(1s);
      EXPECT_LE(made, read + 2);
    }
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

ASYNC_TEST(Merge, PassesErrorsOnAndGoesOn) {
  auto failing = []() -> Stream<Number> {
    co_yield absl::NotFoundError("none");
    co_yield 2;
  };
  int alive = 0;
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::vector<Number>>> {
    co_return co_await collect(merge(scope, failing(), every(1s, 10, 1, alive)));
  };
  const auto all = co_await with_scope(body);
  CO_ASSERT_OK(all);
  EXPECT_EQ(all->size(), 3U);
  EXPECT_EQ(std::count_if(all->begin(), all->end(), [](const Number& r) { return r.ok(); }), 2);
}

// The select loop of Tokio: whoever is quicker, no item is lost, whenever the reader gives up.
ASYNC_TEST(Merge, LosesNothingToACancelledNext) {
  int alive = 0;
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    auto both = merge(scope, every(200ms, 0, 10, alive), every(300ms, 100, 10, alive));
    std::vector<int> got;
    for (int tries = 0;; ++tries) {
      const auto read = co_await timeout((tries % 4) * 100ms, try_next(both));
      if (absl::IsDeadlineExceeded(read.status())) continue;
      co_await or_return(read.status());
      if (!read->has_value()) break;
      got.push_back(**read);
    }
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got.size(), 20U);
    EXPECT_EQ(std::unique(got.begin(), got.end()), got.end());
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

ASYNC_TEST(Merge, StopsItsSourcesWhenItGoes) {
  int alive = 0;
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    {
      auto both = merge(scope, every(1s, 0, 10, alive), every(1h, 100, 10, alive));
      (void)co_await or_return(try_next(both));
      EXPECT_EQ(alive, 2);
    }
    (void)co_await testing::settle();
    EXPECT_EQ(alive, 0);
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
}

ASYNC_TEST(Merge, LeavesNothingRunningWhereverItIsCancelled) {
  for (Duration patience = 0ms; patience <= 5s; patience += 250ms) {
    int alive = 0;
    auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<std::vector<int>>> {
      co_return co_await try_collect(
          merge(scope, every(500ms, 0, 4, alive), every(750ms, 10, 4, alive)));
    };
    const auto all = co_await timeout(patience, with_scope(body));
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(all.ok() ? all->size() == 8 : absl::IsDeadlineExceeded(all.status()));
  }
}

}  // namespace
}  // namespace weir
