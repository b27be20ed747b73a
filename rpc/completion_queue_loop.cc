// SPDX-License-Identifier: Apache-2.0
#include "rpc/completion_queue_loop.h"

#include <grpcpp/alarm.h>

#include <optional>
#include <source_location>

#include "rpc/tag.h"
#include "rpc/timespec.h"

namespace weir::rpc {
namespace {

// Events and rounds of ready work a turn takes before it lets its writes go: enough to share a
// write among the calls of a burst, too few to keep the first of them waiting.
constexpr int kEventsPerTurn = 256;
constexpr int kRoundsPerTurn = 16;

// What a watchdog calls the time that gRPC takes for itself.
constexpr const char* kInsideGrpc = "inside gRPC";

// A wake-up on its way through the queue.
class WakeUp final : Tag {
 public:
  void send(grpc::CompletionQueue& queue) {
    alarm_.Set(&queue, gpr_time_0(GPR_CLOCK_MONOTONIC), static_cast<Tag*>(this));
  }

 private:
  void complete(bool) override { delete this; }
  grpc::Alarm alarm_;
};

}  // namespace

CompletionQueueLoop::CompletionQueueLoop(std::unique_ptr<grpc::CompletionQueue> queue)
    : queue_(std::move(queue)) {}

CompletionQueueLoop::~CompletionQueueLoop() {
  queue_->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Tag*>(tag)->complete(ok);
}

void CompletionQueueLoop::wake() {
  wake_ups_.fetch_add(1, std::memory_order_relaxed);
  (new WakeUp)->send(*queue_);
}

TimePoint CompletionQueueLoop::take_events() {
  const bool sleeps = may_sleep();
  gpr_timespec deadline = sleeps ? to_timespec(next_timer()) : gpr_time_0(GPR_CLOCK_MONOTONIC);
  TimePoint began{};
  void* tag = nullptr;
  bool ok = false;
  int taken = 0;
  for (; taken < kEventsPerTurn; ++taken) {
    turn().runs(std::source_location::current(), kInsideGrpc);
    const auto status = queue_->AsyncNext(&tag, &ok, deadline);
    if (taken == 0) began = begin_turn_after(sleeps);
    if (status != grpc::CompletionQueue::GOT_EVENT) break;
    static_cast<Tag*>(tag)->complete(ok);
    deadline = gpr_time_0(GPR_CLOCK_MONOTONIC);  // the rest: only what is there already
  }
  if (taken > 0) begin_turn();
  return began;
}

// What gRPC did meanwhile is part of the turn: all of it if the loop did not sleep, else what a
// watchdog has seen.
TimePoint CompletionQueueLoop::begin_turn_after(bool slept) {
  const std::optional<TimePoint> busy_since = slept ? turn().began() : turn_ended_;
  begin_turn();
  return busy_since.value_or(turn_time());
}

void CompletionQueueLoop::run_main(Task<void> task) {
  bind_to_this_thread();
  turn().show_cpu_time();
  begin_turn();
  turn_ended_ = turn_time();
  CancelScope scope;
  const Context context(*this, scope);
  weir::detail::MainTask main_task;
  main_task.start(context, std::move(task));
  while (!main_task.has_ended()) {
    turns_.fetch_add(1, std::memory_order_relaxed);
    const TimePoint began = take_events();
    fire_timers();
    for (int round = 0; round < kRoundsPerTurn; ++round) {
      take_inbox();
      if (run_ready() == 0) break;
    }
    while (!turn_end_.empty()) run_one(turn_end_.pop());
    turn_ended_ = now();
    turn_times_.add(turn_ended_ - began);
  }
  end_run();
  main_task.rethrow();
}

}  // namespace weir::rpc
