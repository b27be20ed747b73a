// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "async/detail/thread_name.h"
#include "server/postgres/coalescer.h"
#include "server/postgres/worker.h"

namespace weir::postgres::detail {
namespace {

// A job waits this long before it is worth another connection: the worker that has just answered
// the last one is back within microseconds.
constexpr Duration kGrowAfter = std::chrono::milliseconds(2);

Options checked(Options options) {
  options.max_connections = std::max<std::size_t>(options.max_connections, 1);
  options.min_connections = std::min(options.min_connections, options.max_connections);
  return options;
}

// For a job whose connection was cut because Postgres did not say what became of it.
absl::Status abandoned(CancelReason reason) {
  return reason == CancelReason::kNone
             ? absl::DeadlineExceededError("the database did not answer in time")
             : to_status(reason);
}

}  // namespace

Engine::Engine(Options options)
    : options_(checked(std::move(options))),
      queue_(options_.max_queue),
      canceller_(options_.cancel_timeout),
      outage_(options_.log, {"cannot connect", "connected again"}),
      watcher_([this] { watch(); }) {}

Engine::~Engine() { close(); }

void Engine::close() {
  if (is_closing_.exchange(true)) return;
  closing_.set();
  const absl::Status closed = absl::UnavailableError("the database pool is shutting down");
  for (const auto& job : queue_.close()) job->answer(closed);
  {
    std::lock_guard lock(coalescers_mutex_);
    for (Coalescer* coalescer : coalescers_) coalescer->close();
  }
  alarm_.ring();
  watcher_.join();
}

absl::Status Engine::rejection(JobQueue::Pushed why) {
  if (why == JobQueue::Pushed::kClosed) {
    return absl::UnavailableError("the database pool is shutting down");
  }
  count(counters_.rejected);
  return absl::UnavailableError("too much is waiting for the database");
}

absl::Status Engine::submit(std::shared_ptr<Job> job) {
  switch (const JobQueue::Pushed pushed = queue_.push(std::move(job))) {
    case JobQueue::Pushed::kSomebodyComes:
      return absl::OkStatus();
    case JobQueue::Pushed::kNobodyIdle:
      if (worker_count_ < options_.max_connections && !wants_worker_.exchange(true)) alarm_.ring();
      return absl::OkStatus();
    default:
      return rejection(pushed);
  }
}

absl::Status Engine::submit_before_taking(std::shared_ptr<Job> job) {
  const JobQueue::Pushed pushed = queue_.push_before_taking(std::move(job));
  return pushed == JobQueue::Pushed::kSomebodyComes ? absl::OkStatus() : rejection(pushed);
}

void Engine::stop(Job& job, CancelReason reason) {
  JobQueue::Found found = queue_.find_to_stop(job);
  if (found.was_queued) {
    job.answer(to_status(reason));
  } else if (found.session != nullptr && found.session->stop(found.lease, reason)) {
    count(counters_.cancels);
    canceller_.request(std::move(found.session), found.lease);
    alarm_.ring();  // to cut it off if need be
  }
}

void Engine::add(Coalescer& coalescer) {
  {
    std::lock_guard lock(coalescers_mutex_);
    coalescers_.push_back(&coalescer);
  }
  if (is_closing_) coalescer.close();
}

void Engine::remove(Coalescer& coalescer) {
  std::lock_guard lock(coalescers_mutex_);
  std::erase(coalescers_, &coalescer);
}

bool Engine::may_retire() {
  std::size_t count = worker_count_;
  while (count > std::max<std::size_t>(options_.min_connections, 1)) {
    if (worker_count_.compare_exchange_weak(count, count - 1)) return true;
  }
  return false;
}

Stats Engine::stats() const {
  Stats stats;
  stats.max_connections = options_.max_connections;
  stats.workers = worker_count_;
  stats.connected = connected_;
  stats.busy = queue_.busy();
  stats.queued = queue_.size();
  stats.jobs = counters_.jobs;
  stats.statements = counters_.statements;
  stats.retries = counters_.retries;
  stats.cancels = counters_.cancels;
  stats.cuts = counters_.cuts;
  stats.connects = counters_.connects;
  stats.connect_failures = counters_.connect_failures;
  stats.rejected = counters_.rejected;
  stats.timed_out = counters_.timed_out;
  return stats;
}

void Engine::watch() {
  weir::detail::name_this_thread("pg-watch");
  bool told_workers_to_stop = false;
  for (;;) {
    reap_workers();
    if (is_closing_) {
      if (workers_.empty()) return;
      if (!std::exchange(told_workers_to_stop, true)) {
        for (const auto& worker : workers_) {
          const auto& session = worker->session();
          const std::uint64_t lease = session->lease();
          if (session->stop(lease, CancelReason::kCancelled)) canceller_.request(session, lease);
        }
      }
    }
    const TimePoint now = std::chrono::steady_clock::now();
    const TimePoint next_growth = is_closing_ ? kForever : start_workers(now);
    alarm_.sleep_until(std::min({next_growth, answer_expired(now), inspect_sessions(now)}));
  }
}

TimePoint Engine::start_workers(TimePoint now) {
  TimePoint next = kForever;
  std::size_t target = std::max<std::size_t>(options_.min_connections, 1);
  if (wants_worker_ && worker_count_ < options_.max_connections) {
    const TimePoint since = queue_.waiting_since();
    if (since == kForever) {
      wants_worker_ = false;  // it was a moment's need
    } else if (now - since < kGrowAfter) {
      next = since + kGrowAfter;
    } else {
      wants_worker_ = false;
      // Workers that are still connecting come for what is queued, too.
      const std::size_t workers = worker_count_;
      const std::size_t coming = workers - std::min<std::size_t>(connected_, workers);
      const std::size_t queued = queue_.size();
      const std::size_t more = queued > coming ? queued - coming : 0;
      target = std::max(target, std::min(workers + more, options_.max_connections));
    }
  }
  while (worker_count_ < target) {
    ++worker_count_;
    workers_.push_back(std::make_unique<Worker>(*this));
  }
  return next;
}

void Engine::reap_workers() {
  std::erase_if(workers_,
                [](const std::unique_ptr<Worker>& worker) { return worker->has_ended(); });
}

TimePoint Engine::answer_expired(TimePoint now) {
  TimePoint next = kForever;
  const auto expired = queue_.take_expired(now, options_.acquire_timeout, next);
  for (const auto& job : expired) {
    count(counters_.timed_out);
    job->answer(absl::UnavailableError("no connection to the database was free in time"));
  }
  std::lock_guard lock(coalescers_mutex_);
  for (Coalescer* coalescer : coalescers_) {
    next = std::min(next, coalescer->expire(now, options_.acquire_timeout));
  }
  return next;
}

TimePoint Engine::inspect_sessions(TimePoint now) {
  // What begins after this look is not overdue before that time. The round trip after a cancel has
  // the shorter one; its worker is busy then, or the ring of the cancel comes first.
  TimePoint next =
      saturating_add(now, queue_.busy() > 0 ? options_.cancel_timeout : options_.statement_timeout);
  for (const auto& worker : workers_) {
    const auto& session = worker->session();
    const Session::Inspection seen = session->inspect(now, options_.cancel_timeout);
    next = std::min(next, seen.next);
    if (seen.verdict == Session::Verdict::kOverdue) {
      if (session->stop(seen.lease, CancelReason::kDeadline)) {
        canceller_.request(session, seen.lease);
      }
      next = now;  // look again at once: now it has until cancel_timeout
    } else if (seen.verdict == Session::Verdict::kCut) {
      count(counters_.cuts);
      if (options_.log) {
        options_.log(log::Level::kWarning, "a connection that did not answer was cut", {});
      }
      if (seen.job != nullptr) seen.job->abandon(abandoned(seen.job->stop_reason()));
    }
  }
  return next;
}

}  // namespace weir::postgres::detail
