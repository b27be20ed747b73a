// SPDX-License-Identifier: Apache-2.0
#pragma once

// JobQueue: the one queue before all workers. First in, first out, bounded; a job can leave it, and
// who has a job is decided here, under one lock, so that cancelling finds it.
//
// Idle workers wait on a stack: the one that became idle last is woken first, so that in a quiet
// time the others stay idle and the pool can shrink.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "async/detail/intrusive_list.h"
#include "server/postgres/job.h"
#include "server/postgres/session.h"

namespace weir::postgres::detail {

class JobQueue {
 public:
  explicit JobQueue(std::size_t max_bounded) : max_bounded_(max_bounded) {}

  // A worker's place here.
  class Taker {
   public:
    explicit Taker(std::shared_ptr<Session> session) : session_(std::move(session)) {}

   private:
    friend class JobQueue;
    const std::shared_ptr<Session> session_;
    std::condition_variable woken_;
    bool is_woken_ = false;
  };

  enum class Pushed : unsigned char { kSomebodyComes, kNobodyIdle, kFull, kClosed };
  Pushed push(std::shared_ptr<Job> job);
  // For a worker that will take the next job at once: wakes another only if there are more.
  Pushed push_before_taking(std::shared_ptr<Job> job);

  // The next job, leased to the taker's session; null at `until` or when the queue is closed.
  std::shared_ptr<Job> take(Taker& taker, TimePoint until);
  // The job that was taken has been answered.
  void ended(Job& job);

  // Where a job is found that is to stop. If it was queued it is no longer.
  struct Found {
    bool was_queued = false;
    std::shared_ptr<Session> session;  // that runs it
    std::uint64_t lease = 0;
  };
  Found find_to_stop(Job& job);

  // Takes out the bounded jobs queued before `now - timeout`; `next` is when to look again.
  std::vector<std::shared_ptr<Job>> take_expired(TimePoint now, Duration timeout, TimePoint& next);

  // From now on nothing is taken or pushed. Returns what was queued.
  std::vector<std::shared_ptr<Job>> close();

  std::size_t size() const;
  std::size_t busy() const;
  // When the job was queued that waits longest; kForever if none waits.
  TimePoint waiting_since();

 private:
  void enqueue(std::shared_ptr<Job> job);
  std::shared_ptr<Job> remove(Job& job);
  bool wake_one();

  const std::size_t max_bounded_;
  mutable std::mutex mutex_;
  weir::detail::IntrusiveList<Job, Job> queue_;
  std::size_t size_ = 0;
  std::size_t bounded_ = 0;
  std::size_t busy_ = 0;
  std::vector<Taker*> idle_;
  bool closed_ = false;
};

}  // namespace weir::postgres::detail
