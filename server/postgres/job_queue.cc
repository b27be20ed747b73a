// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/job_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::postgres::detail {

void JobQueue::enqueue(std::shared_ptr<Job> job) {
  Job& queued = *job;
  if (queued.is_bounded()) ++bounded_;
  queued.state_ = Job::State::kQueued;
  queued.queued_at_ = std::chrono::steady_clock::now();
  queued.in_queue_ = std::move(job);
  queue_.push_back(queued);
  ++size_;
}

std::shared_ptr<Job> JobQueue::remove(Job& job) {
  queue_.remove(job);
  --size_;
  if (job.is_bounded()) --bounded_;
  job.state_ = Job::State::kEnded;
  return std::move(job.in_queue_);
}

bool JobQueue::wake_one() {
  if (idle_.empty()) return false;
  Taker& taker = *idle_.back();
  idle_.pop_back();
  taker.is_woken_ = true;
  taker.woken_.notify_one();
  return true;
}

JobQueue::Pushed JobQueue::push(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  if (closed_) return Pushed::kClosed;
  // What an idle worker will take at once does not queue.
  if (job->is_bounded() && bounded_ >= max_bounded_ + idle_.size()) return Pushed::kFull;
  enqueue(std::move(job));
  return wake_one() ? Pushed::kSomebodyComes : Pushed::kNobodyIdle;
}

JobQueue::Pushed JobQueue::push_before_taking(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  if (closed_) return Pushed::kClosed;
  enqueue(std::move(job));
  if (size_ > 1) wake_one();
  return Pushed::kSomebodyComes;
}

std::shared_ptr<Job> JobQueue::take(Taker& taker, TimePoint until) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (closed_) return nullptr;
    if (!queue_.empty()) {
      std::shared_ptr<Job> job = remove(queue_.front());
      job->state_ = Job::State::kRunning;
      job->waited_ = std::chrono::steady_clock::now() - job->queued_at_;
      job->session_ = taker.session_;
      job->lease_ = taker.session_->begin_lease(job);
      ++busy_;
      return job;
    }
    taker.is_woken_ = false;
    idle_.push_back(&taker);
    if (!taker.woken_.wait_until(lock, until, [&] { return taker.is_woken_; })) {
      idle_.erase(std::find(idle_.begin(), idle_.end(), &taker));
      if (queue_.empty()) return nullptr;
    }
  }
}

void JobQueue::ended(Job& job) {
  std::lock_guard lock(mutex_);
  job.state_ = Job::State::kEnded;
  job.session_.reset();
  --busy_;
}

JobQueue::Found JobQueue::find_to_stop(Job& job) {
  Found found;
  std::shared_ptr<Job> removed;  // destroyed after the lock is released
  std::lock_guard lock(mutex_);
  if (job.state_ == Job::State::kQueued) {
    removed = remove(job);
    found.was_queued = true;
  } else if (job.state_ == Job::State::kRunning) {
    found.session = job.session_;
    found.lease = job.lease_;
  }
  return found;
}

std::vector<std::shared_ptr<Job>> JobQueue::take_expired(TimePoint now, Duration timeout,
                                                         TimePoint& next) {
  std::vector<std::shared_ptr<Job>> expired;
  std::lock_guard lock(mutex_);
  next = now + timeout;  // of those that come from now on
  queue_.for_each([&](const Job& job) {
    if (!job.is_bounded()) return;
    if (job.queued_at_ + timeout <= now) {
      expired.push_back(job.in_queue_);
    } else {
      next = std::min(next, job.queued_at_ + timeout);
    }
  });
  for (const auto& job : expired) remove(*job);
  return expired;
}

std::vector<std::shared_ptr<Job>> JobQueue::close() {
  std::vector<std::shared_ptr<Job>> left;
  std::lock_guard lock(mutex_);
  closed_ = true;
  while (!queue_.empty()) left.push_back(remove(queue_.front()));
  while (wake_one()) {
  }
  return left;
}

std::size_t JobQueue::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

TimePoint JobQueue::waiting_since() {
  std::lock_guard lock(mutex_);
  return queue_.empty() ? kForever : queue_.front().queued_at_;
}

std::size_t JobQueue::busy() const {
  std::lock_guard lock(mutex_);
  return busy_;
}

}  // namespace weir::postgres::detail
