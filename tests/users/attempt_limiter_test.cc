// SPDX-License-Identifier: Apache-2.0
#include "server/users/attempt_limiter.h"

#include <gtest/gtest.h>

#include <chrono>

#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "server/status/details.h"

namespace weir::users {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimePoint kNow{std::chrono::hours(1)};

AttemptLimit three_a_minute() {
  AttemptLimit limit;
  limit.attempts = 3;
  limit.window = minutes(1);
  return limit;
}

TEST(LocalAttempts, AllowsABurstThenOneEachInterval) {
  LocalAttempts attempts(three_a_minute());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempts.try_once(1, kNow), Duration::zero());
  EXPECT_EQ(attempts.try_once(1, kNow), seconds(20));
  EXPECT_EQ(attempts.try_once(1, kNow + seconds(19)), seconds(1));
  EXPECT_EQ(attempts.try_once(1, kNow + seconds(20)), Duration::zero());
  EXPECT_EQ(attempts.try_once(1, kNow + seconds(20)), seconds(20));
}

TEST(LocalAttempts, IsFullAgainAfterTheWindow) {
  LocalAttempts attempts(three_a_minute());
  for (int i = 0; i < 3; ++i) attempts.try_once(1, kNow);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(attempts.try_once(1, kNow + minutes(1)), Duration::zero());
  }
  EXPECT_GT(attempts.try_once(1, kNow + minutes(1)), Duration::zero());
}

TEST(LocalAttempts, CountsEachSubjectForItself) {
  LocalAttempts attempts(three_a_minute());
  for (int i = 0; i < 4; ++i) attempts.try_once(1, kNow);
  EXPECT_EQ(attempts.try_once(2, kNow), Duration::zero());
}

TEST(LocalAttempts, KeepsItsMemoryBounded) {
  LocalAttempts attempts(three_a_minute(), 100);
  for (std::uint64_t subject = 0; subject < 1000; ++subject) attempts.try_once(subject, kNow);
  EXPECT_EQ(attempts.tracked(), 100u);
}

TEST(LocalAttempts, ForgetsThoseWhoseLimitIsFullBeforeOthers) {
  LocalAttempts attempts(three_a_minute(), 100);
  for (std::uint64_t subject = 0; subject < 99; ++subject) attempts.try_once(subject, kNow);
  const TimePoint later = kNow + minutes(1);
  for (int i = 0; i < 3; ++i) attempts.try_once(1000, later);
  attempts.try_once(1001, later);
  EXPECT_EQ(attempts.tracked(), 2u);
  EXPECT_GT(attempts.try_once(1000, later), Duration::zero());
}

ASYNC_TEST(AttemptLimiter, RefusesWithAnAdviceWhenToReturn) {
  AttemptLimiter limiter(nullptr, "secret", three_a_minute());
  for (int i = 0; i < 3; ++i) CO_ASSERT_OK(co_await limiter.admit("ada@example.com"));
  const absl::Status refused = co_await limiter.admit("ada@example.com");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::detail_of<google::rpc::ErrorInfo>(refused)->reason(),
            "TOO_MANY_PASSWORD_ATTEMPTS");
  EXPECT_EQ(status::detail_of<google::rpc::QuotaFailure>(refused)->violations_size(), 1);
  EXPECT_EQ(status::detail_of<google::rpc::RetryInfo>(refused)->retry_delay().seconds(), 20);

  EXPECT_TRUE((co_await limiter.admit("bob@example.com")).ok());
  EXPECT_TRUE((co_await sleep(seconds(20))).ok());
  EXPECT_TRUE((co_await limiter.admit("ada@example.com")).ok());
  EXPECT_FALSE((co_await limiter.admit("ada@example.com")).ok());
}

}  // namespace
}  // namespace weir::users
