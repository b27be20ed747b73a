// SPDX-License-Identifier: Apache-2.0
#include "async/thread_loop.h"

#include "async/detail/spin.h"

namespace weir {
namespace {

// A few times what it takes to wake a thread.
constexpr Duration kShortWait = std::chrono::microseconds(50);
// Between two looks at the clock and at what other threads have posted; as many as in Tokio. The
// clock takes as long as a task that only hands something on.
constexpr std::size_t kTasksInATurn = 61;

}  // namespace

void ThreadLoop::wake() {
  {
    std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  woken_.notify_one();
}

void ThreadLoop::run_main(Task<void> task) {
  bind_to_this_thread();
  begin_turn();
  CancelScope scope;
  const Context context(*this, scope);
  detail::MainTask main_task;
  main_task.start(context, std::move(task));
  while (!main_task.has_ended()) {
    // A timer that is due already is worth no trip to the kernel, which takes tens of microseconds.
    if (!has_ready() && (next_timer() == kForever || next_timer() > now())) wait();
    take_inbox();
    begin_turn();
    fire_timers();
    std::size_t done = run_ready();
    while (has_ready() && done < kTasksInATurn) done += run_ready();
  }
  end_run();
  main_task.rethrow();
}

// Two threads that answer each other at once are spared the kernel; a loop whose waits are long
// does not spin.
void ThreadLoop::wait() {
  if (waits_are_short_ && detail::spin_until([this] { return has_mail(); })) return;
  if (!may_sleep()) return;
  const TimePoint began = now();
  sleep_until_woken();
  waits_are_short_ = has_mail() && now() - began < kShortWait;
}

void ThreadLoop::sleep_until_woken() {
  std::unique_lock lock(mutex_);
  const auto is_woken = [&] { return is_woken_; };
  if (next_timer() == kForever) {
    woken_.wait(lock, is_woken);
  } else {
    woken_.wait_until(lock, next_timer(), is_woken);
  }
  is_woken_ = false;
}

}  // namespace weir
