// SPDX-License-Identifier: Apache-2.0
#pragma once

// RateLimiter: so many units in so much time, and a burst at most. A token bucket. Tokio: the
// `governor` and `leaky-bucket` crates.
//
//     RateLimiter limiter(100, 1s, 20);                       // 100 a second, 20 at once
//     co_await or_return(limiter.acquire());
//     if (!limiter.try_acquire(loop.now())) return busy();
//
// The bucket begins full. Fair: first come, first served, also for those who ask for many, and
// try_acquire overtakes nobody. Units are taken when the wait ends, so a cancelled one loses
// nothing and holds up nobody. INVALID_ARGUMENT for more units than the bucket holds.
//
// It counts time and not units: the bucket is a point in time at which it will be full (GCRA), so
// there is no task that refills it, and it forgives no more than `burst` however long it stood.
//
// Thread: any, but the loops must share one clock. Waiting allocates nothing but its task's frame.
// Trap: it spaces out beginnings. How many run at once is a Semaphore's business.

#include <cstddef>
#include <mutex>

#include "absl/status/status.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "async/time.h"

namespace weir {

class RateLimiter {
 public:
  RateLimiter(std::size_t units, Duration per, std::size_t burst);

  // Waits its turn, then until there are `units`. OK, or why not.
  Task<absl::Status> acquire(std::size_t units = 1);

  // Now or not at all; not if somebody waits.
  bool try_acquire(TimePoint now, std::size_t units = 1);

  // Takes units that may not be there: who tries next waits for them. No more than one bucket full
  // is owed.
  void charge(TimePoint now, std::size_t units);

  // The units that could be taken if nobody waits.
  std::size_t available(TimePoint now) const;
  bool is_full(TimePoint now) const { return available(now) == burst_; }
  // How many wait for their turn, the one that is waiting for units included.
  std::size_t waiting() const;

 private:
  Duration time_of(std::size_t units) const;
  // Takes the units and returns zero, or returns how long they are still to come.
  Duration take(TimePoint now, std::size_t units);

  const std::size_t units_;
  const Duration per_;
  const std::size_t burst_;

  Semaphore turn_{1};  // its holder is the one that waits for units
  mutable std::mutex mutex_;
  TimePoint full_at_ = TimePoint::min();
};

}  // namespace weir
