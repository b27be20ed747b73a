// SPDX-License-Identifier: Apache-2.0
#include "async/stream/map.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "async/stream/collect.h"
#include "async/stream/iter.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"
#include "tests/async/stream/numbers.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Number = absl::StatusOr<int>;

Stream<Number> one_error_two() {
  co_yield 1;
  co_yield absl::NotFoundError("none");
  co_yield 2;
}

ASYNC_TEST(Map, AppliesAFunctionToEachValue) {
  const std::string mark = "#";
  auto text = [&mark](int value) { return mark + std::to_string(value); };
  const std::vector<std::string> all = co_await collect(map(iter(testing::one_to(3)), text));
  EXPECT_EQ(all, (std::vector<std::string>{"#1", "#2", "#3"}));
}

ASYNC_TEST(Map, LetsErrorsPass) {
  auto twice = [](int value) { return 2 * value; };
  const std::vector<Number> all = co_await collect(map(one_error_two(), twice));
  CO_ASSERT_TRUE(all.size() == 3);
  EXPECT_EQ(*all[0], 2);
  EXPECT_TRUE(absl::IsNotFound(all[1].status()));
  EXPECT_EQ(*all[2], 4);
}

ASYNC_TEST(Map, MakesOneStatusOrOfAFunctionThatFails) {
  auto odd = [](int value) -> Number {
    if (value % 2 == 0) return absl::InvalidArgumentError("even");
    return value;
  };
  const std::vector<Number> all = co_await collect(map(one_error_two(), odd));
  CO_ASSERT_TRUE(all.size() == 3);
  EXPECT_EQ(*all[0], 1);
  EXPECT_TRUE(absl::IsNotFound(all[1].status()));
  EXPECT_TRUE(absl::IsInvalidArgument(all[2].status()));
}

ASYNC_TEST(Then, AwaitsOneAtATime) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  auto slowly = [](int value) { return testing::value_after(1s, value * value); };
  const std::vector<int> all = co_await collect(then(iter(testing::one_to(4)), slowly));
  EXPECT_EQ(all, (std::vector<int>{1, 4, 9, 16}));
  EXPECT_EQ(loop.now(), begin + 4s);
}

ASYNC_TEST(Then, LetsErrorsPass) {
  auto fetch = [](int value) -> Task<Number> { co_return value; };
  const std::vector<Number> all = co_await collect(then(one_error_two(), fetch));
  CO_ASSERT_TRUE(all.size() == 3);
  EXPECT_TRUE(absl::IsNotFound(all[1].status()));
  EXPECT_EQ(*all[2], 2);
}

ASYNC_TEST(Filter, KeepsWhatItIsToldAndAllErrors) {
  auto even = [](const int& value) { return value % 2 == 0; };
  const std::vector<int> some = co_await collect(filter(iter(testing::one_to(6)), even));
  EXPECT_EQ(some, (std::vector<int>{2, 4, 6}));
  const std::vector<Number> all = co_await collect(filter(one_error_two(), even));
  CO_ASSERT_TRUE(all.size() == 2);
  EXPECT_TRUE(absl::IsNotFound(all[0].status()));
  EXPECT_EQ(*all[1], 2);
}

ASYNC_TEST(Take, AsksForNoMoreThanItGives) {
  int asked = 0;
  auto endless = [](int& count) -> Stream<int> {
    for (;;) co_yield ++count;
  };
  const std::vector<int> some = co_await collect(take(endless(asked), 3));
  EXPECT_EQ(some, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE((co_await collect(take(endless(asked), 0))).empty());
  EXPECT_EQ(asked, 3);
  EXPECT_EQ((co_await collect(take(iter(testing::one_to(2)), 5))).size(), 2U);
}

ASYNC_TEST(Chunks, AreFullButForTheLast) {
  const std::vector<std::vector<int>> all = co_await collect(chunks(iter(testing::one_to(5)), 2));
  EXPECT_EQ(all, (std::vector<std::vector<int>>{{1, 2}, {3, 4}, {5}}));
  const std::vector<std::vector<int>> even = co_await collect(chunks(iter(testing::one_to(4)), 2));
  EXPECT_EQ(even.size(), 2U);
  EXPECT_TRUE((co_await collect(chunks(iter(std::vector<int>()), 2))).empty());
}

ASYNC_TEST(Chunks, YieldAnErrorBehindTheValuesBeforeIt) {
  const auto all = co_await collect(chunks(one_error_two(), 2));
  CO_ASSERT_TRUE(all.size() == 3);
  EXPECT_EQ(*all[0], std::vector<int>{1});
  EXPECT_TRUE(absl::IsNotFound(all[1].status()));
  EXPECT_EQ(*all[2], std::vector<int>{2});
}

ASYNC_TEST(Adapters, LetGoOfTheStreamBelowWithThem) {
  int alive = 0;
  auto source = [](int& count) -> Stream<int> {
    const testing::Alive here(count);
    for (int i = 0;; ++i) co_yield i;
  };
  auto same = [](int value) { return value; };
  {
    Stream<int> mapped = map(source(alive), same);
    Stream<std::vector<int>> all = chunks(take(std::move(mapped), 10), 3);
    EXPECT_TRUE((co_await all.next()).has_value());
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace weir
