// SPDX-License-Identifier: Apache-2.0
#pragma once

// Jitter: durations drawn from a base +-10 %, so that what was stored together does not expire
// together. Thread: any.

#include <atomic>
#include <cstdint>
#include <random>

#include "async/time.h"

namespace weir::redis {

class Jitter {
 public:
  explicit Jitter(Duration base, std::uint64_t seed = std::random_device()())
      : base_(base), state_(seed) {}

  Duration next() {
    // splitmix64: a counter and a mix, so threads need no more than an atomic addition.
    std::uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    const double unit = static_cast<double>(z >> 11) * 0x1.0p-53;
    return Duration(static_cast<Duration::rep>(static_cast<double>(base_.count()) *
                                               (1 - kSpread + 2 * kSpread * unit)));
  }

  // No draw from `base` is longer.
  static Duration longest(Duration base) {
    return base + Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * kSpread));
  }

 private:
  static constexpr double kSpread = 0.1;

  const Duration base_;
  std::atomic<std::uint64_t> state_;
};

}  // namespace weir::redis
