// SPDX-License-Identifier: Apache-2.0
#pragma once

// Job: what a worker runs on its connection. Shared by the engine and by whoever awaits it, for a
// job that does not end when it is cancelled (a frozen Postgres) is left behind by the one that
// awaits it.

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "async/cancellation.h"
#include "async/detail/intrusive_list.h"
#include "async/time.h"
#include "telemetry/span.h"

namespace weir::postgres::detail {

class Connection;
class Session;

class Job : public weir::detail::ListHook<Job>, public std::enable_shared_from_this<Job> {
 public:
  virtual ~Job() = default;

  // One attempt, on the worker. May throw what libpqxx throws.
  virtual absl::Status run(Connection& connection) = 0;

  // The outcome. The first call counts, later ones do nothing. On the worker, or on any thread
  // while no worker has it.
  virtual void answer(const absl::Status& status) = 0;

  // The same for a job whose worker is stuck with it; its own answer will come too late. Any
  // thread.
  virtual void abandon(const absl::Status& status) { answer(status); }

  // What the worker is to queue once this one has been answered; may be null.
  virtual std::shared_ptr<Job> follow_up() { return nullptr; }

  // Whether it counts for max_queue and waits no longer than acquire_timeout. A Loader's batch does
  // not: its keys are counted, and wait, for themselves.
  virtual bool is_bounded() const { return true; }

  // The steady clock's; whatever retries has to be over by then.
  virtual TimePoint deadline() const { return kForever; }

  // How long it was queued; for the worker that has it.
  Duration waited() const { return waited_; }

  // The span that its statements are below, if the trace is sampled; set before it is submitted.
  const telemetry::SpanRef& span() const { return span_; }
  void set_span(const telemetry::SpanRef& span) { span_ = span; }

  // What it was told to stop for. kNone as long as it was not.
  CancelReason stop_reason() const { return stop_reason_.load(std::memory_order_acquire); }

 private:
  friend class JobQueue;
  friend class Session;
  enum class State : unsigned char { kNew, kQueued, kRunning, kEnded };

  telemetry::SpanRef span_;
  std::atomic<CancelReason> stop_reason_ = CancelReason::kNone;

  // Guarded by the queue's lock.
  State state_ = State::kNew;
  TimePoint queued_at_{};
  Duration waited_{};
  std::shared_ptr<Job> in_queue_;  // itself, while it is queued
  std::shared_ptr<Session> session_;
  std::uint64_t lease_ = 0;
};

}  // namespace weir::postgres::detail
