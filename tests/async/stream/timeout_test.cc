// SPDX-License-Identifier: Apache-2.0
#include "async/stream/timeout.h"

#include <gtest/gtest.h>

#include <vector>

#include "async/stream/collect.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// Yields each delay once it has passed; answers a request to stop with its status and goes on.
Stream<absl::StatusOr<int>> survivor(std::vector<int> seconds) {
  for (const int wait : seconds) {
    absl::Status slept = co_await sleep(wait * 1s);
    if (slept.ok()) {
      co_yield wait;
    } else {
      co_yield std::move(slept);
    }
  }
}

Stream<int> plain(std::vector<int> seconds) {
  for (const int wait : seconds) {
    const absl::Status slept = co_await sleep(wait * 1s);
    if (!slept.ok()) co_return;
    co_yield wait;
  }
}

template <class... Ints>
std::vector<int> seconds(Ints... all) {
  return {all...};
}

ASYNC_TEST(StreamTimeout, BoundsEachItemAndNotTheReader) {
  Stream<absl::StatusOr<int>> stream = timeout(2s, plain(seconds(1, 1, 1)));
  int count = 0;
  while (std::optional<int> item = *co_await try_next(stream)) {
    count += *item;
    (void)co_await sleep(1h);
  }
  EXPECT_EQ(count, 3);
}

ASYNC_TEST(StreamTimeout, EndsWithDeadlineExceededWhenTheStreamBelowEnds) {
  const auto all = co_await collect(timeout(2s, plain(seconds(1, 3, 1))));
  CO_ASSERT_TRUE(all.size() == 2);
  EXPECT_EQ(*all[0], 1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(all[1].status()));
}

ASYNC_TEST(StreamTimeout, GoesOnWhenTheStreamBelowDoes) {
  const auto all = co_await collect(timeout(2s, survivor(seconds(1, 3, 1))));
  CO_ASSERT_TRUE(all.size() == 3);
  EXPECT_EQ(*all[0], 1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(all[1].status()));
  EXPECT_EQ(*all[2], 1);
}

ASYNC_TEST(StreamTimeout, PassesOnItsReadersCancellation) {
  auto read = []() -> Task<absl::Status> {
    Stream<absl::StatusOr<int>> stream = timeout(1h, plain(seconds(100)));
    co_return (co_await try_next(stream)).status();
  };
  EXPECT_TRUE(absl::IsDeadlineExceeded(co_await timeout(1s, read())));
}

}  // namespace
}  // namespace weir
