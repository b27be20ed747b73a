// SPDX-License-Identifier: Apache-2.0
#pragma once

// sleep, sleep_until: wait for time to pass. Tokio: tokio::time::{sleep, sleep_until}.
//
//     absl::Status status = co_await sleep(10ms);
//
// OK when the time came; CANCELLED or DEADLINE_EXCEEDED, at once, when the task was told to stop.
// Never early. Under a TestLoop no real time passes. Allocates nothing: the timer lives in the
// sleeper's frame. Thread: its loop's own.
//
// Trap: look at the status. A loop that sleeps and ignores it spins once its task was told to stop.

#include <coroutine>
#include <source_location>

#include "absl/status/status.h"
#include "async/detail/waiter.h"

namespace weir {
namespace detail {

class Sleep final : Waiter, Timer {
 public:
  Sleep(Duration after, TimePoint at, std::source_location where)
      : after_(after), at_(at), where_(where) {}

  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    const Context& context = self.promise().context();
    reason_ = context.scope().reason();
    if (reason_ != CancelReason::kNone) return false;
    suspended_ = true;
    began(self, "sleep", where_);
    if (after_ != Duration::max()) at_ = saturating_add(context.loop().now(), after_);
    context.loop().schedule_at(*this, at_);
    watch_cancellation();
    return true;
  }

  absl::Status await_resume() {
    ended();
    if (!suspended_) return to_status(reason_);
    if (is_scheduled()) context().loop().unschedule(*this);
    // The time has come, and so has somebody who drops what follows, such as a tick.
    if (reason_ == CancelReason::kNone && context().scope().is_abandoned()) {
      return to_status(CancelReason::kCancelled);
    }
    return to_status(reason_);
  }

 private:
  void fire() override {
    if (claim()) complete();
  }
  void on_cancel(CancelReason reason) override {
    if (!claim()) return;
    reason_ = reason;
    complete();
  }

  const Duration after_;  // max: `at_` was given
  TimePoint at_;
  const std::source_location where_;
  CancelReason reason_ = CancelReason::kNone;
  bool suspended_ = false;
};

}  // namespace detail

[[nodiscard]] inline detail::Sleep sleep(
    Duration duration, std::source_location where = std::source_location::current()) {
  return detail::Sleep(duration == Duration::max() ? duration - Duration(1) : duration, TimePoint(),
                       where);
}

[[nodiscard]] inline detail::Sleep sleep_until(
    TimePoint time, std::source_location where = std::source_location::current()) {
  return detail::Sleep(Duration::max(), time, where);
}

}  // namespace weir
