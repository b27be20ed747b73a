// SPDX-License-Identifier: Apache-2.0
#include "async/stream/collect.h"

#include <gtest/gtest.h>

#include <memory>
#include <ranges>
#include <vector>

#include "async/stream/iter.h"
#include "async/testing/async_test.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using Number = absl::StatusOr<int>;

ASYNC_TEST(Iter, MovesOutOfWhatItOwns) {
  std::vector<std::unique_ptr<int>> owned;
  owned.push_back(std::make_unique<int>(7));
  const std::vector<std::unique_ptr<int>> all = co_await collect(iter(std::move(owned)));
  CO_ASSERT_TRUE(all.size() == 1);
  EXPECT_EQ(*all[0], 7);
}

ASYNC_TEST(Iter, LeavesWhatAViewLooksAtAsItIs) {
  std::vector<std::string> words{"a", "b"};
  const std::vector<std::string> all = co_await collect(iter(std::views::all(words)));
  EXPECT_EQ(all, words);
  const std::vector<int> counted = co_await collect(iter(std::views::iota(1, 4)));
  EXPECT_EQ(counted, (std::vector<int>{1, 2, 3}));
}

ASYNC_TEST(TryCollect, YieldsTheValuesOrTheFirstError) {
  int alive = 0;
  auto stream = [](int& count, bool fails) -> Stream<Number> {
    const testing::Alive here(count);
    co_yield 1;
    if (fails) co_yield absl::NotFoundError("none");
    co_yield 2;
  };
  const absl::StatusOr<std::vector<int>> good = co_await try_collect(stream(alive, false));
  CO_ASSERT_OK(good);
  EXPECT_EQ(*good, (std::vector<int>{1, 2}));
  const absl::StatusOr<std::vector<int>> bad = co_await try_collect(stream(alive, true));
  EXPECT_TRUE(absl::IsNotFound(bad.status()));
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace weir
