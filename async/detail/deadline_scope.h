// SPDX-License-Identifier: Apache-2.0
#pragma once

// A scope that is cancelled at a point in time: what `timeout` and an RPC run their tasks under.

#include <algorithm>

#include "async/context.h"

namespace weir::detail {

// Cancels a scope at a point in time.
class DeadlineTimer final : public Timer {
 public:
  explicit DeadlineTimer(CancelScope& scope) : scope_(scope) {}
  void fire() override { scope_.cancel(CancelReason::kDeadline); }

 private:
  CancelScope& scope_;
};

// A context under a deadline of its own, for as long as this lives. Loop thread.
class DeadlineScope {
 public:
  DeadlineScope(const Context& outer, TimePoint deadline)
      : scope_(&outer.scope()),
        context_(outer.with_scope(scope_).with_deadline(std::min(outer.deadline(), deadline))),
        timer_(scope_) {
    if (deadline < outer.deadline()) outer.loop().schedule_at(timer_, deadline);
  }
  ~DeadlineScope() { context_.loop().unschedule(timer_); }
  DeadlineScope(const DeadlineScope&) = delete;
  DeadlineScope& operator=(const DeadlineScope&) = delete;

  void cancel(CancelReason reason) { scope_.cancel(reason); }

  const Context& context() const { return context_; }
  const CancelScope& scope() const { return scope_; }

 private:
  CancelScope scope_;
  const Context context_;
  DeadlineTimer timer_;
};

}  // namespace weir::detail
