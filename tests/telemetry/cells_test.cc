// SPDX-License-Identifier: Apache-2.0
#include "telemetry/cells.h"

#include <gtest/gtest.h>

#include <thread>

namespace weir::telemetry {
namespace {

using std::chrono::microseconds;

TEST(Cells, ABoundIsInItsBucket) {
  Histogram histogram(kLatencyBounds);
  histogram.add(microseconds(50));
  histogram.add(microseconds(51));
  EXPECT_EQ(histogram.bucket(0), 1u);
  EXPECT_EQ(histogram.bucket(1), 1u);
  EXPECT_EQ(histogram.sum(), 101'000u);
}

TEST(Cells, WhatIsAboveAllBoundsIsCounted) {
  Histogram histogram(kSizeBounds);
  histogram.add(std::int64_t{1'000'000});
  EXPECT_EQ(histogram.bucket(kSizeBounds.upper.size()), 1u);
}

TEST(Cells, TimeThatRanBackwardsAddsNothing) {
  Histogram histogram(kLatencyBounds);
  histogram.add(-microseconds(1));
  EXPECT_EQ(histogram.bucket(0), 1u);
  EXPECT_EQ(histogram.sum(), 0u);
}

TEST(Cells, SharedOnesLoseNothing) {
  SharedHistogram histogram(kLatencyBounds);
  const auto add = [&] {
    for (int i = 0; i < 10'000; ++i) histogram.add(microseconds(1));
  };
  std::thread other(add);
  add();
  other.join();
  EXPECT_EQ(histogram.bucket(0), 20'000u);
  EXPECT_EQ(histogram.sum(), 20'000'000u);
}

TEST(Cells, HistogramsOfManyThreadsAddUp) {
  Histogram one(kLatencyBounds);
  SharedHistogram other(kLatencyBounds);
  one.add(microseconds(10));
  other.add(microseconds(60));
  Histogram sum(kLatencyBounds);
  sum.add_all_of(one);
  sum.add_all_of(other);
  EXPECT_EQ(sum.bucket(0), 1u);
  EXPECT_EQ(sum.bucket(1), 1u);
  EXPECT_EQ(sum.sum(), 70'000u);
}

}  // namespace
}  // namespace weir::telemetry
