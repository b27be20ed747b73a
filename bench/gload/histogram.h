// SPDX-License-Identifier: Apache-2.0
#pragma once

// Histogram: how often each latency was met, in microseconds, with an error under 0.4 % whatever
// its size: 256 equal steps to each power of two.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::gload {

class Histogram {
 public:
  Histogram();

  void add(std::uint64_t micros);
  void add_all_of(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  double mean() const;
  // The value that a fraction `quantile` (0 to 1) of the values is below.
  std::uint64_t at(double quantile) const;

 private:
  std::vector<std::uint64_t> steps_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace weir::gload
