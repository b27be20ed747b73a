// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/access_log.h"

#include <gtest/gtest.h>

#include <chrono>

#include "async/testing/test_loop.h"

namespace weir::rpc {
namespace {

using std::chrono::milliseconds;
using weir::testing::TestLoop;
constexpr auto kFailure = absl::StatusCode::kUnavailable;

AccessLogOptions options_of(int percent, int failures) { return {percent, failures}; }

TEST(AccessLog, TakesTheShareItIsTold) {
  TestLoop loop(1);
  AccessLog all(options_of(100, 0));
  AccessLog none(options_of(0, 0));
  AccessLog half(options_of(50, 0));
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(all.wants(absl::StatusCode::kOk, loop.now(), loop));
    EXPECT_FALSE(none.wants(absl::StatusCode::kOk, loop.now(), loop));
    taken += half.wants(absl::StatusCode::kOk, loop.now(), loop) ? 1 : 0;
  }
  EXPECT_NEAR(taken, 500, 100);
}

TEST(AccessLog, FailuresAreTakenUpToTheirRateAndTheRestIsCounted) {
  TestLoop loop(1);
  AccessLog log(options_of(0, 2));
  const TimePoint now = loop.now();
  EXPECT_TRUE(log.wants(kFailure, now, loop));
  EXPECT_TRUE(log.wants(kFailure, now + milliseconds(1), loop));
  EXPECT_FALSE(log.wants(kFailure, now + milliseconds(2), loop));
  EXPECT_EQ(log.take_left_out(), 1u);
  EXPECT_EQ(log.take_left_out(), 0u);
  EXPECT_TRUE(log.wants(kFailure, now + milliseconds(1000), loop));
}

TEST(AccessLog, AWrongRequestIsNoFailureOfTheServer) {
  TestLoop loop(1);
  AccessLog log(options_of(0, 10));
  EXPECT_FALSE(log.wants(absl::StatusCode::kInvalidArgument, loop.now(), loop));
  EXPECT_FALSE(log.wants(absl::StatusCode::kNotFound, loop.now(), loop));
}

}  // namespace
}  // namespace weir::rpc
