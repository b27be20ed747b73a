// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turn: what other threads may know of what a loop does right now: since when it has not slept, and
// which task it resumed last. A few relaxed stores to the loop's own cache line; no locks.
//
// A loop that sleeps inside a library may be anything but asleep there. Only its CPU time tells: a
// watchdog looks at it, and notes here since when it has been busy.
//
// Thread: written on the loop's, but for what the watchdog notes; read from any.

#include <pthread.h>

#include <atomic>
#include <ctime>
#include <optional>
#include <source_location>

#include "async/time.h"

namespace weir::detail {

class Turn {
 public:
  // One sleep of the loop: no other has its number.
  using Sleep = Duration::rep;

  void begin(TimePoint now) {
    state_.store(2 * now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  // The loop is about to sleep.
  void sleep() {
    state_.store(state_.load(std::memory_order_relaxed) | kAsleep, std::memory_order_relaxed);
  }
  // Its run is over.
  void end() {
    clock_.store(kNoClock, std::memory_order_relaxed);
    state_.store(kNone, std::memory_order_relaxed);
  }
  // From now on a watchdog looks at this thread's CPU time while it sleeps.
  void show_cpu_time() {
    clockid_t clock = kNoClock;
    if (pthread_getcpuclockid(pthread_self(), &clock) != 0) clock = kNoClock;
    clock_.store(clock, std::memory_order_relaxed);
  }
  // All that is stored lives as long as the program: nobody can look at it too late.
  void runs(std::source_location function, const char* name) {
    function_.store(function, std::memory_order_relaxed);
    name_.store(name, std::memory_order_relaxed);
  }

  // Empty: it sleeps, and is not known to be busy there.
  std::optional<TimePoint> began() const {
    const Duration::rep state = state_.load(std::memory_order_relaxed);
    if (state == kNone) return std::nullopt;
    if ((state & kAsleep) == 0) return TimePoint(Duration(state / 2));
    if (busy_sleep_.load(std::memory_order_acquire) != state) return std::nullopt;
    return TimePoint(Duration(busy_since_.load(std::memory_order_relaxed)));
  }
  std::source_location function() const { return function_.load(std::memory_order_relaxed); }
  const char* name() const { return name_.load(std::memory_order_relaxed); }

  // For a watchdog; one thread.
  std::optional<Sleep> asleep() const {
    const Duration::rep state = state_.load(std::memory_order_relaxed);
    return (state & kAsleep) == 0 ? std::nullopt : std::optional(state);
  }
  // Of the loop's thread. Empty: it does not show it, or has ended.
  std::optional<Duration> cpu_time() const {
    const clockid_t clock = clock_.load(std::memory_order_relaxed);
    timespec time{};
    if (clock == kNoClock || clock_gettime(clock, &time) != 0) return std::nullopt;
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  void note_busy(Sleep sleep, TimePoint since) {
    busy_since_.store(since.time_since_epoch().count(), std::memory_order_relaxed);
    busy_sleep_.store(sleep, std::memory_order_release);
  }
  void note_idle() { busy_sleep_.store(kNone, std::memory_order_relaxed); }

 private:
  static constexpr Duration::rep kNone = Duration::min().count();
  static constexpr Duration::rep kAsleep = 1;
  // A clock of the system's, and never that of a thread.
  static constexpr clockid_t kNoClock = CLOCK_REALTIME;

  // Twice when the turn began, and kAsleep if the loop sleeps since it ended.
  std::atomic<Duration::rep> state_ = kNone;
  std::atomic<std::source_location> function_ = std::source_location();
  std::atomic<const char*> name_ = nullptr;
  std::atomic<clockid_t> clock_ = kNoClock;
  // The watchdog's. Of one sleep: what is noted too late is about none.
  std::atomic<Sleep> busy_sleep_ = kNone;
  std::atomic<Duration::rep> busy_since_ = 0;
};

}  // namespace weir::detail
