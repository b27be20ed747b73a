// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::gload {

// Nanoseconds of the monotonic clock.
using Nanos = std::int64_t;

inline constexpr Nanos kSecond = 1'000'000'000;

inline Nanos now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace weir::gload
