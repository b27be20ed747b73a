// SPDX-License-Identifier: Apache-2.0
#pragma once

// Session: what other threads may do to a worker's connection: cancel what it runs, or cut it.
//
// The danger is to hit the next job. So each job holds the session under a lease with a number of
// its own; a cancel names the lease it is meant for, and a lease does not end while a cancel of it
// is on its way to Postgres. After that the worker makes one round trip before the next job
// (Connection::verify), so that a signal that came late finds nothing.

#include <libpq-fe.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "async/cancellation.h"
#include "async/time.h"
#include "server/postgres/cancel_request.h"
#include "server/postgres/job.h"

namespace weir::postgres::detail {

// Thrown instead of beginning another statement for a job that is to stop.
class StoppedError : public std::runtime_error {
 public:
  StoppedError() : std::runtime_error("the job was told to stop") {}
};

class Session {
 public:
  // The worker's thread.

  void attach(PGconn* connection);
  void detach();

  // Returns the lease's number.
  std::uint64_t begin_lease(std::shared_ptr<Job> job);
  struct LeaseEnd {
    bool was_cancelled;  // a cancel was sent: verify before reuse
    bool is_dead;        // it was cut, or a cancel of it is stuck: never reuse
  };
  // Waits for a cancel that is on its way, at most `patience`.
  LeaseEnd end_lease(Duration patience);

  void throw_if_stopped() const;
  // False if the job was told to stop meanwhile.
  bool wait_unless_stopped(Duration time);

  // A statement is sent, and takes at most until `limit`. One that is not cancellable may still be
  // cut.
  void statement_began(TimePoint limit, bool is_cancellable);
  void statement_ended();

  // Any thread.

  // False if the lease is over.
  bool stop(std::uint64_t lease, CancelReason reason);
  std::uint64_t lease() const;

  // What has to happen by now.
  enum class Verdict : unsigned char {
    kFine,
    kOverdue,  // the statement has used its time: stop the lease
    kCut,      // it was stopped and did not end: the connection was cut, `job` is to be abandoned
  };
  struct Inspection {
    Verdict verdict = Verdict::kFine;
    TimePoint next = kForever;  // look again
    std::uint64_t lease = 0;
    std::shared_ptr<Job> job;
  };
  Inspection inspect(TimePoint now, Duration cancel_timeout);

  // The canceller's thread. Tells Postgres to cancel what the lease runs; false if the lease is
  // over.
  bool send_cancel(std::uint64_t lease, Duration timeout);

 private:
  void cut();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t lease_ = 0;
  std::shared_ptr<Job> job_;
  std::shared_ptr<CancelRequest> cancel_request_;
  int descriptor_ = -1;
  bool is_cancellable_ = false;
  bool is_cancelling_ = false;
  bool was_cancelled_ = false;
  bool is_cut_ = false;
  TimePoint stopped_at_ = kForever;
  TimePoint statement_limit_ = kForever;
};

}  // namespace weir::postgres::detail
