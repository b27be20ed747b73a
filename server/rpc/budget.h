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
    if (looked_ != TimePoint()) {
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - looked_).count();
      if (ms == 0) return;
      earn(std::min<std::int64_t>(ms, 60'000) * per_second_ / 1000);
    }
    looked_ = now;
  }
  void earn(std::int64_t units) { left_ = std::min(most_, left_ + units); }
  // False once it is overdrawn.
  bool spend(std::int64_t units) { return (left_ -= units) >= 0; }

 private:
  const std::int64_t most_;
  const std::int64_t per_second_;
  std::int64_t left_;
  TimePoint looked_{};
};

}  // namespace weir::rpc
