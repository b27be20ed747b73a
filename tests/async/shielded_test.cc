// SPDX-License-Identifier: Apache-2.0
#include "async/shielded.h"

#include <gtest/gtest.h>

#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::status_after;
using testing::until_cancelled;
using testing::value_after;

ASYNC_TEST(Shielded, RunsToItsEndThoughItsCallerIsCancelled) {
  bool finished = false;
  auto write_back = [](bool& done) -> Task<absl::Status> {
    absl::Status status = co_await sleep(5s);
    done = status.ok();
    co_return status;
  };
  auto loser = [&write_back](bool& done) -> Task<absl::Status> {
    co_return co_await shielded(write_back(done));
  };
  (void)co_await select(loser(finished), value_after(1s, 1));
  EXPECT_TRUE(finished);
}

ASYNC_TEST(Shielded, BeginsInATaskThatWasAlreadyCancelled) {
  auto cleanup = []() -> Task<absl::Status> {
    (void)co_await until_cancelled();
    co_return co_await shielded(status_after(1s, absl::OkStatus()));
  };
  const absl::Status status = co_await timeout(1s, cleanup());
  EXPECT_TRUE(status.ok()) << status;
}

ASYNC_TEST(Shielded, IsBoundByATimeoutWithin) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  const absl::Status status = co_await timeout(1s, shielded(timeout(3s, until_cancelled())));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(context.loop().now(), begin + 3s);
}

}  // namespace
}  // namespace weir
