// SPDX-License-Identifier: Apache-2.0
#include "async/event_loop.h"

#include <utility>

namespace weir {

void RunQueue::push(Runnable& work) {
  work.next_ = nullptr;
  if (tail_ != nullptr) {
    tail_->next_ = &work;
  } else {
    head_ = &work;
  }
  tail_ = &work;
  ++size_;
}

Runnable& RunQueue::pop() {
  Runnable& work = *head_;
  head_ = work.next_;
  if (head_ == nullptr) tail_ = nullptr;
  --size_;
  return work;
}

void RunQueue::append(RunQueue& other) {
  if (other.empty()) return;
  if (tail_ != nullptr) {
    tail_->next_ = other.head_;
  } else {
    head_ = other.head_;
  }
  tail_ = other.tail_;
  size_ += other.size_;
  other = RunQueue();
}

EventLoop::~EventLoop() = default;

void EventLoop::post(Runnable& work) {
  if (in_loop_thread()) {
    ready_.push(work);
    return;
  }
  std::lock_guard lock(inbox_mutex_);
  inbox_.push(work);
  has_mail_.store(true, std::memory_order_relaxed);
  if (std::exchange(is_asleep_, false)) wake();
}

// SplitMix64: any state will do, so none needs care.
std::uint64_t EventLoop::random() {
  std::uint64_t mixed = random_state_ += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

bool EventLoop::may_sleep() {
  if (!ready_.empty()) return false;
  std::lock_guard lock(inbox_mutex_);
  is_asleep_ = inbox_.empty();
  if (is_asleep_) turn_.sleep();
  return is_asleep_;
}

void EventLoop::post_all(RunQueue& batch) {
  if (batch.empty()) return;
  if (in_loop_thread()) {
    ready_.append(batch);
    return;
  }
  std::lock_guard lock(inbox_mutex_);
  inbox_.append(batch);
  has_mail_.store(true, std::memory_order_relaxed);
  if (std::exchange(is_asleep_, false)) wake();
}

std::size_t EventLoop::inbox_depth() const {
  std::lock_guard lock(inbox_mutex_);
  return inbox_.size();
}

void EventLoop::take_inbox() {
  std::lock_guard lock(inbox_mutex_);
  is_asleep_ = false;
  has_mail_.store(false, std::memory_order_relaxed);
  ready_.append(inbox_);
}

std::size_t EventLoop::run_ready() {
  const std::size_t count = ready_.size();
  for (std::size_t done = 0; done < count; ++done) run_one(ready_.pop());
  return count;
}

std::size_t EventLoop::fire_timers() {
  std::size_t fired = 0;
  while (Timer* due = timers_.pop_due(turn_time_)) {
    due->fire();
    ++fired;
  }
  return fired;
}

}  // namespace weir
