// SPDX-License-Identifier: Apache-2.0
#include "client/cli/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir::cli {
namespace {

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.at(0.99), Duration::zero());
  EXPECT_EQ(histogram.max(), Duration::zero());
}

TEST(LatencyHistogram, PercentilesAreAtMostASixtyFourthTooHigh) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> shape(13, 2);  // around half a millisecond, with a long tail
  LatencyHistogram histogram;
  std::vector<Duration> all;
  for (int i = 0; i < 100'000; ++i) {
    all.emplace_back(static_cast<Duration::rep>(shape(random)));
    histogram.add(all.back());
  }
  std::sort(all.begin(), all.end());
  for (const double quantile : {0.0, 0.001, 0.5, 0.9, 0.99, 0.999}) {
    const Duration exact = all[static_cast<std::size_t>(quantile * 100'000)];
    EXPECT_GE(histogram.at(quantile), exact) << quantile;
    EXPECT_LE(histogram.at(quantile), exact + exact / 64) << quantile;
  }
  EXPECT_EQ(histogram.max(), all.back());
  EXPECT_EQ(histogram.at(1), all.back());
}

TEST(LatencyHistogram, TakesTheSmallestAndTheLargest) {
  LatencyHistogram histogram;
  histogram.add(Duration(-1));
  EXPECT_EQ(histogram.at(0.5), Duration(0));
  histogram.add(Duration::max());
  EXPECT_EQ(histogram.at(0.99), Duration::max());
  EXPECT_EQ(histogram.count(), 2u);
}

}  // namespace
}  // namespace weir::cli
