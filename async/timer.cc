// SPDX-License-Identifier: Apache-2.0
#include "async/timer.h"

#include <cassert>

namespace weir {

void TimerHeap::push(Timer& timer, TimePoint at) {
  assert(!timer.is_scheduled());
  timer.at_ = at;
  heap_.push_back(&timer);
  timer.slot_ = heap_.size() - 1;
  sift_up(timer.slot_);
}

void TimerHeap::remove(Timer& timer) {
  assert(timer.is_scheduled());
  const std::size_t slot = timer.slot_;
  timer.slot_ = Timer::kUnscheduled;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  place(slot, last);
  sift_up(slot);
  sift_down(last->slot_);
}

Timer* TimerHeap::pop_due(TimePoint now) {
  if (heap_.empty() || heap_.front()->at_ > now) return nullptr;
  Timer* due = heap_.front();
  remove(*due);
  return due;
}

void TimerHeap::place(std::size_t slot, Timer* timer) {
  heap_[slot] = timer;
  timer->slot_ = slot;
}

void TimerHeap::sift_up(std::size_t slot) {
  Timer* timer = heap_[slot];
  while (slot > 0) {
    const std::size_t parent = (slot - 1) / 2;
    if (heap_[parent]->at_ <= timer->at_) break;
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, timer);
}

void TimerHeap::sift_down(std::size_t slot) {
  Timer* timer = heap_[slot];
  for (;;) {
    std::size_t child = 2 * slot + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) ++child;
    if (timer->at_ <= heap_[child]->at_) break;
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, timer);
}

}  // namespace weir
