// SPDX-License-Identifier: Apache-2.0
#include "async/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "server/redis/jitter.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DrawsFromLimitsThatDoubleUpToTheCap) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Backoff backoff(50ms, 1s, seed);
    for (const Duration limit : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
      const Duration delay = backoff.next();
      EXPECT_GE(delay, 0ms);
      EXPECT_LT(delay, limit);
    }
  }
}

TEST(Backoff, SpreadsOverAllOfItsLimit) {
  Duration least = Duration::max();
  Duration most = Duration::zero();
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Duration delay = Backoff(100ms, 1s, seed).next();
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, 10ms);
  EXPECT_GT(most, 90ms);
}

TEST(Backoff, BeginsAnewAfterAReset) {
  Backoff backoff(50ms, 1s, 1);
  for (int i = 0; i < 10; ++i) backoff.next();
  backoff.reset();
  EXPECT_LT(backoff.next(), 50ms);
}

TEST(Backoff, NeverWaitsIfItsBaseIsZero) {
  Backoff backoff(0ms, 1s, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.next(), 0ms);
}

TEST(Jitter, DrawsWithinATenthOfItsBase) {
  redis::Jitter jitter(1000ms, 1);
  Duration least = Duration::max();
  Duration most = Duration::zero();
  for (int i = 0; i < 1000; ++i) {
    const Duration drawn = jitter.next();
    least = std::min(least, drawn);
    most = std::max(most, drawn);
  }
  EXPECT_GE(least, 900ms);
  EXPECT_LT(least, 910ms);
  EXPECT_LE(most, redis::Jitter::longest(1000ms));
  EXPECT_GT(most, 1090ms);
}

}  // namespace
}  // namespace weir
