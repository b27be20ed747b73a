// SPDX-License-Identifier: Apache-2.0
#include "async/blocking_pool.h"

#include <algorithm>
#include <chrono>

#include "async/detail/spin.h"
#include "async/detail/thread_name.h"

namespace weir {

BlockingPool::BlockingPool(std::string name, std::size_t threads, std::size_t max_queued)
    : max_queued_(max_queued) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      detail::name_this_thread(name);
      work();
    });
  }
}

BlockingPool::~BlockingPool() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

BlockingPool::Stats BlockingPool::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

std::size_t BlockingPool::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

std::size_t BlockingPool::running() const {
  std::lock_guard lock(mutex_);
  return running_;
}

bool BlockingPool::submit(std::shared_ptr<detail::BlockingJob> job) {
  bool must_wake = false;
  {
    std::lock_guard lock(mutex_);
    // A job that an idle thread will take at once does not queue.
    if (closing_ || queue_.size() + running_ >= threads_.size() + max_queued_) {
      ++stats_.rejected;
      return false;
    }
    queue_.push_back({std::move(job), std::chrono::steady_clock::now()});
    has_queued_.store(true, std::memory_order_relaxed);
    must_wake = !is_spinning_ || queue_.size() > 1;
  }
  if (must_wake) changed_.notify_one();
  return true;
}

void BlockingPool::forget(const detail::BlockingJob& job) {
  std::shared_ptr<detail::BlockingJob> forgotten;  // destroyed after the lock is released
  std::lock_guard lock(mutex_);
  const auto at = std::find_if(queue_.begin(), queue_.end(),
                               [&](const auto& queued) { return queued.job.get() == &job; });
  if (at == queue_.end()) return;
  forgotten = std::move(at->job);
  queue_.erase(at);
  has_queued_.store(!queue_.empty(), std::memory_order_relaxed);
}

void BlockingPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const TimePoint began = std::chrono::steady_clock::now();
    std::shared_ptr<detail::BlockingJob> job = std::move(queue_.front().job);
    stats_.queued += began - queue_.front().since;
    queue_.pop_front();
    has_queued_.store(!queue_.empty(), std::memory_order_relaxed);
    ++running_;
    ++stats_.begun;
    lock.unlock();
    job->run_and_catch();
    lock.lock();
    stats_.ran += std::chrono::steady_clock::now() - began;
    // Before the answer: who gets it may hand in the next function at once, and has room for it.
    --running_;
    lock.unlock();
    job->report();
    job.reset();
    lock.lock();
    if (queue_.empty() && !closing_ && !is_spinning_) spin_for_work(lock);
  }
}

void BlockingPool::spin_for_work(std::unique_lock<std::mutex>& lock) {
  is_spinning_ = true;
  lock.unlock();
  (void)detail::spin_until([this] { return has_queued_.load(std::memory_order_relaxed); });
  lock.lock();
  is_spinning_ = false;
}

namespace detail {

void BlockingJob::run_and_catch() {
  try {
    run();
  } catch (...) {
    exception_ = std::current_exception();
  }
}

void BlockingJob::report() {
  std::lock_guard lock(mutex_);
  if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->complete();
}

bool RunBlocking::submit() {
  job_->waiter_ = this;
  if (pool_.submit(job_)) return true;
  status_ = absl::UnavailableError("too much is waiting for a blocking thread");
  return false;
}

void RunBlocking::on_cancel(CancelReason reason) {
  pool_.forget(*job_);
  std::lock_guard lock(job_->mutex_);
  if (job_->waiter_ == nullptr) return;  // it has just ended: keep its result
  job_->waiter_ = nullptr;
  status_ = to_status(reason);
  complete();
}

absl::Status RunBlocking::finish() {
  if (suspended_) context().loop().outside_work_ended();
  ended();
  return status_;
}

}  // namespace detail
}  // namespace weir
