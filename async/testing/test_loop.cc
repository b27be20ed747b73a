// SPDX-License-Identifier: Apache-2.0
#include "async/testing/test_loop.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "async/task_tree.h"

namespace weir::testing {
namespace {

// How long work on real threads (a blocking pool, a database) may take before a test counts as
// hung.
constexpr auto kOutsidePatience = std::chrono::seconds(20);

struct MainRun {
  explicit MainRun(EventLoop& loop) : context(loop, scope) {}
  CancelScope scope;
  const Context context;
  detail::MainTask main_task;
};

}  // namespace

void TestLoop::wake() {
  {
    std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  woken_.notify_one();
}

bool TestLoop::wait_for_other_threads() {
  std::unique_lock lock(mutex_);
  const bool came = woken_.wait_for(lock, kOutsidePatience, [&] { return is_woken_; });
  is_woken_ = false;
  return came;
}

void TestLoop::run_one_at_random() {
  while (has_ready()) shuffled_.push_back(&ready().pop());
  std::swap(shuffled_[random_() % shuffled_.size()], shuffled_.back());
  Runnable* chosen = shuffled_.back();
  shuffled_.pop_back();
  run_one(*chosen);
}

void TestLoop::interrupt_if_due() {
  if (interruption_ && step_ == interruption_step_) std::exchange(interruption_, nullptr)();
  ++step_;
}

std::string TestLoop::run(Task<void> task) {
  begin_turn();
  auto run = std::make_unique<MainRun>(*this);
  run->main_task.start(run->context, std::move(task));
  // What hangs is left where it is: a suspended frame cannot be destroyed while others refer to it.
  const auto hang = [&](std::string_view why) {
    (void)run.release();
    return std::string(why) + ":\n" + dump_tasks(*this);
  };
  while (!run->main_task.has_ended()) {
    interrupt_if_due();
    take_inbox();
    begin_turn();
    if (has_ready() || !shuffled_.empty()) {
      run_one_at_random();
    } else if (outside_work() > 0) {
      // Virtual time must not run ahead of work that takes real time.
      if (may_sleep() && !wait_for_other_threads()) return hang("other threads never answered");
    } else if (next_timer() != kForever) {
      now_ = std::max(now_, next_timer());  // a time that has passed is due, but does not come back
      begin_turn();
      fire_timers();
    } else {
      return hang("nothing can happen any more");
    }
  }
  // As a real loop would have, which keeps the order: who posted relies on it.
  take_inbox();
  while (has_ready() || !shuffled_.empty()) run_one_at_random();
  end_run();
  run->main_task.rethrow();
  return "";
}

}  // namespace weir::testing
