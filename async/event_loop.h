// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventLoop: one thread that runs what is ready, what is due, and what other threads hand it.
// Tokio: a current-thread runtime's scheduler and time driver.
//
// A loop is an interface with three verbs: `post`, `now` and `schedule_at`. Three kinds implement
// it: ThreadLoop (a plain thread), the gRPC completion queue's loop, and TestLoop (virtual time).
//
// Thread: `post` may be called from any thread, everything else only on the loop's own.
// Trap: what is posted must stay alive until it has run; a loop must outlive its tasks.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

#include "async/detail/turn.h"
#include "async/time.h"
#include "async/timer.h"

namespace weir {

namespace detail {
class TaskNode;
}

// A piece of work for a loop. Its owner keeps it alive until `run` is called.
class Runnable {
 public:
  Runnable() = default;
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  // Called once per post, on the loop's thread. May destroy the object.
  virtual void run() = 0;

 protected:
  ~Runnable() = default;

 private:
  friend class RunQueue;
  Runnable* next_ = nullptr;
};

// First in, first out; the links are in the elements. Not thread-safe.
class RunQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  std::size_t size() const { return size_; }
  void push(Runnable& work);
  Runnable& pop();
  // Moves all of `other` behind what is here.
  void append(RunQueue& other);

 private:
  Runnable* head_ = nullptr;
  Runnable* tail_ = nullptr;
  std::size_t size_ = 0;
};

class EventLoop {
 public:
  EventLoop() = default;
  virtual ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `work` on the loop's thread, after what was posted before it from the same thread.
  // Any thread. Never runs it inline, so a caller may hold locks.
  void post(Runnable& work);
  // Posts all of `batch`, in order, for the price of one, and leaves it empty. Any thread.
  void post_all(RunQueue& batch);

  virtual TimePoint now() const = 0;

  // The time at which this turn of the loop began: free to read, at most a turn old.
  TimePoint turn_time() const { return turn_time_; }

  // Fires `timer` at `at` or as soon after it as the loop can. Loop thread.
  void schedule_at(Timer& timer, TimePoint at) { timers_.push(timer, at); }
  // Forgets `timer` if it is scheduled. Loop thread.
  void unschedule(Timer& timer) {
    if (timer.is_scheduled()) timers_.remove(timer);
  }

  // False now and then: a task whose waits are all answered at once must let the others run, and
  // the loop look at its timers and its mail. Tokio: the coop budget. Loop thread.
  bool may_go_on() {
    if (budget_ == 0) return false;
    --budget_;
    return true;
  }

  // For choices that must favour nobody; under test drawn from the seed. Loop thread.
  std::uint64_t random();

  bool in_loop_thread() const {
    return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  // A suspended leaf that only another thread can complete brackets its wait with these, so that a
  // loop under test can tell "nothing will ever happen" from "somebody else is working". Loop
  // thread.
  void outside_work_began() { ++outside_work_; }
  void outside_work_ended() { --outside_work_; }

  // The tasks that run here, newest first: the roots of the live task tree. Loop thread.
  detail::TaskNode* roots() const { return roots_; }

  // What other threads have posted and the loop has not taken yet. Any thread.
  std::size_t inbox_depth() const;

  // What it does right now, for async/loop_watchdog.h. Any thread may look.
  detail::Turn& turn() { return turn_; }
  const detail::Turn& turn() const { return turn_; }

 protected:
  // Makes a sleeping loop look at its inbox: once per sleep, however many posts. Called from any
  // thread, with the inbox locked, so that the loop cannot end between a post and its wake-up.
  virtual void wake() = 0;

  // For implementations. All on the loop's thread.
  void bind_to_this_thread() {
    owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  void seed_random(std::uint64_t seed) { random_state_ = seed; }
  void begin_turn() {
    turn_time_ = now();
    turn_.begin(turn_time_);
  }
  void end_run() { turn_.end(); }
  void run_one(Runnable& work) {
    budget_ = kBudget;
    work.run();
  }
  bool may_sleep();        // false if something is ready; else posts from now on call wake()
  void take_inbox();       // inbox -> ready; the loop is awake
  bool has_mail() const {  // a glance at the inbox without its lock, maybe a moment old
    return has_mail_.load(std::memory_order_relaxed);
  }
  std::size_t run_ready();    // what is ready now, not what that makes ready
  std::size_t fire_timers();  // what is due at turn_time()
  bool has_ready() const { return !ready_.empty(); }
  TimePoint next_timer() const { return timers_.next(); }
  int outside_work() const { return outside_work_; }
  RunQueue& ready() { return ready_; }

 private:
  friend class detail::TaskNode;

  static constexpr unsigned kBudget = 128;  // Tokio's

  std::atomic<std::thread::id> owner_;  // others may post while the loop begins to run
  TimePoint turn_time_{};
  detail::Turn turn_;
  RunQueue ready_;
  TimerHeap timers_;
  int outside_work_ = 0;
  unsigned budget_ = kBudget;
  std::uint64_t random_state_ = 0;
  detail::TaskNode* roots_ = nullptr;

  mutable std::mutex inbox_mutex_;
  RunQueue inbox_;
  std::atomic<bool> has_mail_ = false;  // written with the lock held
  bool is_asleep_ = false;
};

}  // namespace weir
