// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interval: a tick every so often. Tokio: tokio::time::{interval, interval_at, MissedTickBehavior}.
//
//     Interval interval(1s);
//     for (;;) {
//       co_await or_return(co_await interval.tick());   // the first at once
//       ...
//     }
//
// Ticks are counted from the first one, so they do not drift. A tick that comes more than 5 ms late
// (Tokio's tolerance; a timer is never quite on time) has been missed by a slow loop, and then:
//   kBurst   those that were missed follow at once, until the schedule is caught up with
//   kDelay   the next is one period from now, and the schedule with it
//   kSkip    the next is the first multiple of the period that is still to come
//
// tick() yields StatusOr<TimePoint>, the time for which the tick was planned; CANCELLED or
// DEADLINE_EXCEEDED when the task was told to stop, and then no tick is lost.
//
// Thread: one task at a time. Trap: a period must be positive.

#include <cassert>
#include <chrono>
#include <optional>
#include <source_location>

#include "absl/status/statusor.h"
#include "async/sleep.h"
#include "async/task.h"

namespace weir {

enum class MissedTick : unsigned char { kBurst, kDelay, kSkip };

class Interval {
 public:
  explicit Interval(Duration period, MissedTick missed = MissedTick::kBurst)
      : period_(period), missed_(missed) {
    assert(period > Duration::zero());
  }
  // The first tick at `start`.
  Interval(TimePoint start, Duration period, MissedTick missed = MissedTick::kBurst)
      : Interval(period, missed) {
    next_ = start;
  }

  Task<absl::StatusOr<TimePoint>> tick() {
    const Context& context = co_await this_context();
    EventLoop& loop = context.loop();
    if (context.is_cancelled()) co_return context.status();
    if (!next_.has_value()) next_ = loop.now();
    // One that is due is ready at once: a select with it prefers it, if it comes first.
    if (*next_ > loop.now() || !loop.may_go_on()) {
      absl::Status slept = co_await sleep_until(*next_);
      if (!slept.ok()) co_return slept;
    }
    const TimePoint planned = *next_;
    next_ = after(planned, loop.now());
    co_return planned;
  }

  // The next tick is one period after `now`. Drops what was missed.
  void reset(TimePoint now) { next_ = saturating_add(now, period_); }

  Duration period() const { return period_; }

 private:
  static constexpr Duration kTolerance = std::chrono::milliseconds(5);

  TimePoint after(TimePoint planned, TimePoint now) const {
    if (now - planned > kTolerance) {
      if (missed_ == MissedTick::kDelay) return saturating_add(now, period_);
      if (missed_ == MissedTick::kSkip) {
        return saturating_add(now, period_ - (now - planned) % period_);
      }
    }
    return saturating_add(planned, period_);
  }

  Duration period_;
  MissedTick missed_;
  std::optional<TimePoint> next_;  // unknown before the first tick
};

}  // namespace weir
