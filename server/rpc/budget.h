// SPDX-License-Identifier: Apache-2.0
#pragma once

// Budget: so many units at once, and so many more a second. What async/rate_limiter.h is for tasks
// that wait, for a count on a hot path: no lock, no allocation. Thread: one at a time.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "async/time.h"

namespace weir::rpc {

class Budget {
 public:
  Budget(std::int64_t most, std::int64_t per_second)
      : most_(most), per_second_(per_second), left_(most) {}

  // Before spending: what the time since the last look has earned.
  void look(TimePoint now) {
    if (now <= looked_) return;
    if (looked_ == TimePoint() || now - looked_ >= kLongest) {
      earn(looked_ == TimePoint() ? 0 : per_second_ * kLongest.count());
      looked_ = now;
      return;
    }
    // Whole units only, and the time of the rest stays: whoever looks often loses nothing.
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now - looked_).count();
    const std::int64_t units = us * per_second_ / 1'000'000;
    if (units == 0) return;
    earn(units);
    looked_ += std::chrono::microseconds(units * 1'000'000 / per_second_);
  }
  void earn(std::int64_t units) { left_ = std::min(most_, left_ + units); }
  // False once it is overdrawn.
  bool spend(std::int64_t units) { return (left_ -= units) >= 0; }

 private:
  static constexpr std::chrono::seconds kLongest{60};

  const std::int64_t most_;
  const std::int64_t per_second_;
  std::int64_t left_;
  TimePoint looked_{};
};

}  // namespace weir::rpc
