// SPDX-License-Identifier: Apache-2.0
#pragma once

// Engine: what a Pool is inside. The queue, the workers, and a thread that watches both: it starts
// and reaps workers, answers what has waited too long, and cuts off what does not end.
//
// Shared, because a Loader may be destroyed after the Pool. `close` ends all of its threads.

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "async/cancellation.h"
#include "server/log/outage.h"
#include "server/postgres/alarm.h"
#include "server/postgres/canceller.h"
#include "server/postgres/counters.h"
#include "server/postgres/job_queue.h"
#include "server/postgres/options.h"
#include "server/postgres/stats.h"
#include "server/postgres/stop_signal.h"

namespace weir::postgres::detail {

class Coalescer;
class Worker;

class Engine {
 public:
  explicit Engine(Options options);
  ~Engine();
  void close();

  // Any thread.

  // OK if the job will be answered. Else it will not be, and this is why.
  absl::Status submit(std::shared_ptr<Job> job);
  // The same, from the worker that will take the next job.
  absl::Status submit_before_taking(std::shared_ptr<Job> job);
  void stop(Job& job, CancelReason reason);

  void add(Coalescer& coalescer);
  // After this `coalescer` is not called any more.
  void remove(Coalescer& coalescer);

  Stats stats() const;
  const Counters& counters() const { return counters_; }

  // For workers.
  const Options& options() const { return options_; }
  JobQueue& queue() { return queue_; }
  Counters& counters() { return counters_; }
  StopSignal& closing() { return closing_; }
  log::Outage& outage() { return outage_; }
  std::atomic<std::size_t>& connected() { return connected_; }
  // True if the worker may end because there are more than min_connections: then it must.
  bool may_retire();
  void worker_ended() { alarm_.ring(); }

 private:
  void watch();
  // Each returns when it wants to be called again.
  TimePoint start_workers(TimePoint now);
  TimePoint answer_expired(TimePoint now);
  TimePoint inspect_sessions(TimePoint now);
  void reap_workers();
  absl::Status rejection(JobQueue::Pushed why);

  const Options options_;
  Counters counters_;
  JobQueue queue_;
  Canceller canceller_;
  Alarm alarm_;
  StopSignal closing_;
  log::Outage outage_;  // of connecting; each worker is a part
  std::atomic<bool> is_closing_ = false;
  std::atomic<bool> wants_worker_ = false;
  std::atomic<std::size_t> worker_count_ = 0;  // those that did not retire
  std::atomic<std::size_t> connected_ = 0;

  std::mutex coalescers_mutex_;
  std::vector<Coalescer*> coalescers_;

  std::vector<std::unique_ptr<Worker>> workers_;  // the watching thread's
  std::thread watcher_;
};

}  // namespace weir::postgres::detail
