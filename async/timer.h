// SPDX-License-Identifier: Apache-2.0
#pragma once

// Timers as a loop keeps them: a heap of objects that their owners hold. Tokio: the time driver.
//
// Thread: only the loop's own. Trap: cancel a timer before it is destroyed.

#include <cstddef>
#include <vector>

#include "async/time.h"

namespace weir {

// Something to do at a point in time. Derive, and give it to EventLoop::schedule_at.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Runs on the loop's thread, once per schedule, not before the time asked for.
  virtual void fire() = 0;

  bool is_scheduled() const { return slot_ != kUnscheduled; }

 protected:
  ~Timer() = default;

 private:
  friend class TimerHeap;
  static constexpr std::size_t kUnscheduled = static_cast<std::size_t>(-1);

  TimePoint at_{};
  std::size_t slot_ = kUnscheduled;
};

// A binary heap with the slot written back into each timer, so that cancelling needs no search:
// nearly every deadline is cancelled, hardly any fires.
class TimerHeap {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  // kForever when there is none.
  TimePoint next() const { return heap_.empty() ? kForever : heap_.front()->at_; }

  void push(Timer& timer, TimePoint at);
  void remove(Timer& timer);

  // Removes and returns the earliest timer due at `now`, or nullptr.
  Timer* pop_due(TimePoint now);

 private:
  void place(std::size_t slot, Timer* timer);
  void sift_up(std::size_t slot);
  void sift_down(std::size_t slot);

  std::vector<Timer*> heap_;
};

}  // namespace weir
