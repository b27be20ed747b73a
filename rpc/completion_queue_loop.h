// SPDX-License-Identifier: Apache-2.0
#pragma once

// CompletionQueueLoop: an event loop that is a thread that is a gRPC completion queue. Everything
// of one RPC runs on the loop it arrived on. Tokio: a current_thread runtime whose driver is gRPC.
//
// A turn takes every event that is ready (up to a bound), runs what they, the timers and other
// threads made ready, and then does what was left for the turn's end: that is where one write can
// carry the answers of many calls. It sleeps in AsyncNext until the next event, timer or wake-up.
//
// Timers are the loop's own: grpc::Alarm is not safe to cancel against firing and its queue cannot
// shut down before it fires (grpc#38092, #29142, #17915). An Alarm here is only ever a wake-up: new
// for each, set to time zero, never reused.
//
// The rule "no operation after cq.Shutdown()" (grpc#8883, #7023, #23238) is kept by structure: the
// queue is shut down by the destructor, and by then no task is left that could start one.

#include <grpcpp/completion_queue.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "async/detail/main_task.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "telemetry/cells.h"

namespace weir::rpc {

class CompletionQueueLoop final : public EventLoop {
 public:
  explicit CompletionQueueLoop(
      std::unique_ptr<grpc::CompletionQueue> queue = std::make_unique<grpc::CompletionQueue>());
  // Shuts the queue down and takes the last events out of it. No task may be left, and a server
  // must have been shut down before its queues.
  ~CompletionQueueLoop() override;

  grpc::CompletionQueue& queue() { return *queue_; }

  TimePoint now() const override { return std::chrono::steady_clock::now(); }

  // Makes the calling thread the loop's and runs `task` to its end, returns its result, throws what
  // it throws. One run at a time.
  template <class T>
  T run(Task<T> task) {
    return weir::detail::run_for_result(std::move(task),
                                        [this](Task<void> main) { run_main(std::move(main)); });
  }

  // Runs `work` once at the end of this turn, after every task that could run has run. Loop thread.
  void at_turn_end(Runnable& work) { turn_end_.push(work); }

  // How long its turns took, all of them together: an event that comes waits for the turn that is
  // under way, and the rest of the time the loop sleeps, or gRPC does something of its own that was
  // over before a watchdog saw it. Any thread.
  const telemetry::Histogram& turn_times() const { return turn_times_; }

  // Turns that the loop has made, and wake-ups that posts from other threads have cost, ever. Any
  // thread.
  std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }
  std::uint64_t wake_ups() const { return wake_ups_.load(std::memory_order_relaxed); }

 private:
  void run_main(Task<void> task);
  // Begins a turn, and tells when that was.
  TimePoint take_events();
  TimePoint begin_turn_after(bool slept);
  void wake() override;

  std::unique_ptr<grpc::CompletionQueue> queue_;
  RunQueue turn_end_;
  TimePoint turn_ended_{};  // the last one
  telemetry::Histogram turn_times_{telemetry::kLatencyBounds};
  std::atomic<std::uint64_t> turns_ = 0;
  std::atomic<std::uint64_t> wake_ups_ = 0;
};

}  // namespace weir::rpc
