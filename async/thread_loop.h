// SPDX-License-Identifier: Apache-2.0
#pragma once

// ThreadLoop: an event loop on a plain thread, for programs and tests without gRPC.
// Tokio: a current_thread runtime and its block_on.
//
//     ThreadLoop loop;
//     int exit_code = loop.run(serve(config));
//
// Thread: `run` makes the calling thread the loop's thread until the task has ended. It sleeps
// while nothing is to do; only where the last wait was short, and ended by another thread, it looks
// for 10 us before it does.

#include <condition_variable>
#include <mutex>
#include <utility>

#include "async/detail/main_task.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace weir {

class ThreadLoop final : public EventLoop {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }

  // Runs `task` to its end and returns its result; throws what it throws. One run at a time.
  template <class T>
  T run(Task<T> task) {
    return detail::run_for_result(std::move(task),
                                  [this](Task<void> main) { run_main(std::move(main)); });
  }

 private:
  void run_main(Task<void> task);
  void wait();
  void sleep_until_woken();
  void wake() override;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
  bool waits_are_short_ = false;  // the last one was, and ended by another thread
};

}  // namespace weir
