// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::postgres::detail {

void Session::attach(PGconn* connection) {
  auto request = std::make_shared<CancelRequest>(connection);
  std::lock_guard lock(mutex_);
  cancel_request_ = std::move(request);
  descriptor_ = PQsocket(connection);
  is_cut_ = false;
}

void Session::detach() {
  std::lock_guard lock(mutex_);
  cancel_request_.reset();
  descriptor_ = -1;
}

std::uint64_t Session::begin_lease(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  job_ = std::move(job);
  return lease_;
}

Session::LeaseEnd Session::end_lease(Duration patience) {
  std::unique_lock lock(mutex_);
  ++lease_;
  const std::shared_ptr<Job> ended = std::move(job_);  // destroyed after the lock is released
  stopped_at_ = kForever;
  const bool is_settled = changed_.wait_for(lock, patience, [this] { return !is_cancelling_; });
  const LeaseEnd end{std::exchange(was_cancelled_, false), is_cut_ || !is_settled};
  lock.unlock();
  return end;
}

void Session::throw_if_stopped() const {
  std::lock_guard lock(mutex_);
  if (job_ != nullptr && job_->stop_reason() != CancelReason::kNone) throw StoppedError();
}

bool Session::wait_unless_stopped(Duration time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopped_at_ != kForever; });
}

void Session::statement_began(TimePoint limit, bool is_cancellable) {
  std::lock_guard lock(mutex_);
  statement_limit_ = limit;
  is_cancellable_ = is_cancellable;
}

void Session::statement_ended() {
  std::lock_guard lock(mutex_);
  statement_limit_ = kForever;
  is_cancellable_ = false;
}

bool Session::stop(std::uint64_t lease, CancelReason reason) {
  std::lock_guard lock(mutex_);
  if (lease != lease_ || job_ == nullptr) return false;
  if (stopped_at_ == kForever) {
    stopped_at_ = std::chrono::steady_clock::now();
    job_->stop_reason_.store(reason, std::memory_order_release);
    changed_.notify_all();
  }
  return true;
}

std::uint64_t Session::lease() const {
  std::lock_guard lock(mutex_);
  return lease_;
}

Session::Inspection Session::inspect(TimePoint now, Duration cancel_timeout) {
  std::lock_guard lock(mutex_);
  Inspection seen;
  seen.lease = lease_;
  if (is_cut_) return seen;
  if (stopped_at_ != kForever) {
    const TimePoint limit = stopped_at_ + cancel_timeout;
    seen.next = limit;
    if (now < limit) return seen;
  } else {
    seen.next = statement_limit_;
    if (now < statement_limit_) return seen;
    if (job_ != nullptr) {
      seen.verdict = Verdict::kOverdue;
      return seen;
    }
  }
  cut();
  seen.verdict = Verdict::kCut;
  seen.next = kForever;
  seen.job = job_;
  return seen;
}

void Session::cut() {
  is_cut_ = true;
  // The worker, blocked in libpq, finds its connection closed. Its thread still owns the
  // descriptor.
  if (descriptor_ >= 0) shutdown(descriptor_, SHUT_RDWR);
}

bool Session::send_cancel(std::uint64_t lease, Duration timeout) {
  std::unique_lock lock(mutex_);
  if (lease != lease_ || is_cut_) return false;
  if (!is_cancellable_ || cancel_request_ == nullptr) return true;  // now, but maybe the next
  const std::shared_ptr<CancelRequest> request = cancel_request_;
  is_cancelling_ = true;
  was_cancelled_ = true;
  lock.unlock();
  request->send(timeout);
  lock.lock();
  is_cancelling_ = false;
  changed_.notify_all();
  return lease == lease_;
}

}  // namespace weir::postgres::detail
