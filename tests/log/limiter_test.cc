// SPDX-License-Identifier: Apache-2.0
#include "server/log/limiter.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weir::log::detail {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(LogLimiter, SoManyASecondAndThenSaysHowManyWereLeftOut) {
  Limiter limiter(2);
  const Place place("a.cc", 1);
  EXPECT_EQ(limiter.admit(place, kStart), 0u);
  EXPECT_EQ(limiter.admit(place, kStart), 0u);
  EXPECT_EQ(limiter.admit(place, kStart), std::nullopt);
  EXPECT_EQ(limiter.admit(place, kStart + milliseconds(999)), std::nullopt);
  EXPECT_EQ(limiter.admit(place, kStart + milliseconds(1000)), 2u);
  EXPECT_EQ(limiter.admit(place, kStart + milliseconds(1000)), 0u);
}

TEST(LogLimiter, EachPlaceHasItsOwn) {
  Limiter limiter(1);
  const char* const file = "a.cc";
  EXPECT_TRUE(limiter.admit(Place(file, 1), kStart));
  EXPECT_TRUE(limiter.admit(Place(file, 2), kStart));
  EXPECT_FALSE(limiter.admit(Place(file, 1), kStart));
}

TEST(LogLimiter, TooManyPlacesShareOne) {
  Limiter limiter(1);
  int admitted = 0;
  for (unsigned line = 0; line < 2 * Limiter::kMaxPlaces; ++line) {
    admitted += limiter.admit(Place("a.cc", line), kStart) ? 1 : 0;
  }
  EXPECT_EQ(admitted, static_cast<int>(Limiter::kMaxPlaces) + 1);
}

}  // namespace
}  // namespace weir::log::detail
