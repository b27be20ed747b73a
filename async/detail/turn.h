// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turn: what other threads may know of what a loop does right now: since when it has not slept, and
// which task it resumed last. A few relaxed stores to the loop's own cache line; no locks.
//
// Thread: written on the loop's, read from any.

#include <atomic>
#include <optional>
#include <source_location>

#include "async/time.h"

namespace weir::detail {

class Turn {
 public:
  void begin(TimePoint now) {
    began_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  // The loop is about to sleep, or its run is over.
  void end() { began_.store(kNone, std::memory_order_relaxed); }
  // All that is stored lives as long as the program: nobody can look at it too late.
  void runs(std::source_location function, const char* name) {
    function_.store(function, std::memory_order_relaxed);
    name_.store(name, std::memory_order_relaxed);
  }

  std::optional<TimePoint> began() const {
    const Duration::rep began = began_.load(std::memory_order_relaxed);
    if (began == kNone) return std::nullopt;
    return TimePoint(Duration(began));
  }
  std::source_location function() const { return function_.load(std::memory_order_relaxed); }
  const char* name() const { return name_.load(std::memory_order_relaxed); }

 private:
  static constexpr Duration::rep kNone = Duration::min().count();

  std::atomic<Duration::rep> began_ = kNone;
  std::atomic<std::source_location> function_ = std::source_location();
  std::atomic<const char*> name_ = nullptr;
};

}  // namespace weir::detail
