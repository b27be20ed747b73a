// SPDX-License-Identifier: Apache-2.0
#pragma once

// TestLoop: an event loop for tests. Time is virtual: it stands still while anything can run, and
// jumps to the next timer when nothing can. What is ready runs in an order drawn from a seed, so
// one test explores many schedules, and a seed replays one. A hang is a failure that shows the task
// tree. Tokio: #[tokio::test(start_paused = true)], with loom's interest in orders.
//
// Trap: the order is random also where a real loop promises one (two posts of one thread), so a
// test must not rely on more than what the library promises. While another thread works for a task
// (spawn_blocking) virtual time stands still: a timeout cannot cut that work short here.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "async/detail/main_task.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace weir::testing {

class TestLoop final : public EventLoop {
 public:
  explicit TestLoop(std::uint64_t seed) : random_(seed) {
    bind_to_this_thread();
    seed_random(seed);
  }

  // Begins at an arbitrary time and moves only when nothing is ready.
  TimePoint now() const override { return now_; }

  // Runs `task` to its end. Returns an empty string, or what hung and where: the task did not end
  // and nothing can happen any more. After a hang the loop and its tasks are beyond repair.
  [[nodiscard]] std::string run(Task<void> task);

  // Calls `what` before the loop's step with this number: one piece of work, or a leap in time. Not
  // if the run ends before. See cancel_everywhere.h.
  void interrupt_at(std::size_t step, std::function<void()> what) {
    interruption_step_ = step;
    interruption_ = std::move(what);
  }

 private:
  void wake() override;
  bool wait_for_other_threads();
  void run_one_at_random();
  void interrupt_if_due();

  TimePoint now_{std::chrono::hours(1)};
  std::mt19937_64 random_;
  std::vector<Runnable*> shuffled_;
  std::size_t step_ = 0;
  std::size_t interruption_step_ = 0;
  std::function<void()> interruption_;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
};

}  // namespace weir::testing
