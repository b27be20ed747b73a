// SPDX-License-Identifier: Apache-2.0
#pragma once

// The library's clock: a monotonic time point and a duration of nanoseconds. Tokio: tokio::time.
//
// Trap: a time point is only meaningful on the loop that made it. A loop under test runs on virtual
// time, so ask `EventLoop::now()`, never `steady_clock::now()`.

#include <chrono>

namespace weir {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// "No deadline": later than every time point, and safe to compare with.
inline constexpr TimePoint kForever = TimePoint::max();

// `from + after` that stays at kForever where the sum would overflow (a client may ask for years).
constexpr TimePoint saturating_add(TimePoint from, Duration after) {
  return after > kForever - from ? kForever : from + after;
}

}  // namespace weir
