// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/worker.h"

#include <chrono>
#include <exception>
#include <utility>

#include "absl/random/random.h"
#include "async/detail/thread_name.h"
#include "server/postgres/engine.h"
#include "server/postgres/errors.h"

namespace weir::postgres::detail {
namespace {

// A fifth more or less, so that connections that were opened together do not expire together.
Duration jittered(Duration time) {
  absl::InsecureBitGen random;
  return Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) *
                                             absl::Uniform(random, 0.8, 1.2)));
}

}  // namespace

Worker::Worker(Engine& engine)
    : engine_(engine), reaches_(engine.outage()), thread_([this] { run(); }) {}

Worker::~Worker() { thread_.join(); }

void Worker::log(log::Level level, std::string_view message, log::Fields fields) const {
  if (engine_.options().log) engine_.options().log(level, message, fields);
}

void Worker::run() {
  weir::detail::name_this_thread("pg-worker");
  Backoff backoff(engine_.options().min_backoff, engine_.options().max_backoff);
  for (;;) {
    if (connect()) {
      backoff.reset();
      if (!serve()) break;
    } else if (engine_.closing().wait_until(std::chrono::steady_clock::now() + backoff.next())) {
      break;
    }
  }
  disconnect();
  has_ended_.store(true, std::memory_order_release);
  engine_.worker_ended();
}

bool Worker::connect() {
  disconnect();
  auto connection =
      Connection::open(engine_.options(), engine_.closing().fd(), *session_, engine_.counters());
  if (absl::IsCancelled(connection.status())) return false;  // by the end, which is no outage
  if (!connection.ok()) {
    count(engine_.counters().connect_failures);
    reaches_.failed(connection.status().message());
    return false;
  }
  reaches_.works();
  count(engine_.counters().connects);
  connection_ = *std::move(connection);
  expires_ =
      saturating_add(std::chrono::steady_clock::now(), jittered(engine_.options().max_lifetime));
  ++engine_.connected();
  return true;
}

void Worker::disconnect() {
  if (connection_ == nullptr) return;
  connection_.reset();
  --engine_.connected();
}

bool Worker::serve() {
  TimePoint idle_since = std::chrono::steady_clock::now();
  while (connection_ != nullptr) {
    const TimePoint idle_until = saturating_add(idle_since, engine_.options().idle_timeout);
    const std::shared_ptr<Job> job = engine_.queue().take(taker_, std::min(idle_until, expires_));
    const TimePoint now = std::chrono::steady_clock::now();
    if (job != nullptr) {
      execute(job);
      idle_since = std::chrono::steady_clock::now();
    } else if (engine_.closing().wait_until(now)) {
      return false;
    } else if (now >= idle_until) {
      if (engine_.may_retire()) return false;
      idle_since = now;
    }
    if (now >= expires_) return true;
  }
  return true;
}

void Worker::execute(const std::shared_ptr<Job>& job) {
  count(engine_.counters().jobs);
  engine_.counters().queue_time.add(job->waited());
  const TimePoint began = std::chrono::steady_clock::now();
  const absl::Status status = attempt_until_settled(*job);
  engine_.counters().job_time.add(std::chrono::steady_clock::now() - began);
  job->answer(status);
  const Session::LeaseEnd end = session_->end_lease(engine_.options().cancel_timeout);
  if (std::shared_ptr<Job> next = job->follow_up()) {
    const absl::Status queued = engine_.submit_before_taking(next);
    if (!queued.ok()) next->answer(queued);
  }
  if (connection_ != nullptr) {
    const bool is_usable =
        !end.is_dead && (end.was_cancelled ? connection_->verify() : connection_->is_ready());
    if (!is_usable) disconnect();
  }
  engine_.queue().ended(*job);
}

absl::Status Worker::attempt_until_settled(Job& job) {
  retries_.reset();
  int retries = 0;
  bool has_reconnected = false;
  for (;;) {
    absl::Status status = attempt(job);
    const bool is_lost = connection_->is_lost() || connection_->is_retired();
    if (status.ok() || is_in_doubt(status)) return status;
    if (job.stop_reason() != CancelReason::kNone) {
      // If the function failed for a reason of its own, that is the answer.
      const bool was_stopped = is_lost || sqlstate_of(status) == "57014";
      return was_stopped ? to_status(job.stop_reason()) : status;
    }
    if (is_lost) {
      // Nothing was committed, so nothing is done twice.
      if (std::exchange(has_reconnected, true)) return status;
      if (!connect()) return status;
    } else if (is_worth_retrying(status) && retries < engine_.options().conflict_retries) {
      if (!wait_before_retry(job)) return status;
      ++retries;
      count(engine_.counters().retries);
    } else {
      return status;
    }
  }
}

bool Worker::wait_before_retry(const Job& job) {
  const Duration pause = retries_.next();
  if (saturating_add(std::chrono::steady_clock::now(), pause) >= job.deadline()) return false;
  return session_->wait_unless_stopped(pause);
}

absl::Status Worker::attempt(Job& job) {
  Connection::Tracing tracing;
  if (job.span().tracer != nullptr) {
    tracing.spans.push_back(job.span());
    tracing.queued = job.waited();
  }
  connection_->trace(std::move(tracing));
  try {
    return job.run(*connection_);
  } catch (const StoppedError&) {
    return to_status(job.stop_reason());
  } catch (const std::exception& error) {
    if (connection_->is_in_doubt()) {
      engine_.counters().count_failure(Failure::kConnection);
      log(log::Level::kWarning, "a connection was lost during COMMIT");
      return in_doubt_error();
    }
    if (connection_->is_lost()) {
      engine_.counters().count_failure(Failure::kConnection);
      log(log::Level::kDebug, "a connection was lost");
      return connection_lost_error();
    }
    absl::Status status = detail::to_status(error);
    const std::string sqlstate = sqlstate_of(status);
    engine_.counters().count_failure(sqlstate.empty() ? Failure::kOther : failure_of(sqlstate));
    if (status.code() == absl::StatusCode::kInternal) {
      log(log::Level::kError, "a statement failed", {{"reason", error.what()}});
    }
    if (is_stale_connection(status)) connection_->retire();
    return status;
  }
}

}  // namespace weir::postgres::detail
