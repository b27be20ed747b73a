// SPDX-License-Identifier: Apache-2.0
#pragma once

// WaitQueue: those who wait for one thing of a semaphore, a channel, a barrier ..., in the order
// they came, and QueuedWaiter: the leaf that waits in it. It lives in its coroutine's frame.
//
// The owner has one mutex for itself and all its queues; whoever holds it may answer a waiter, and
// that takes the waiter out of its queue. A waiter that is still in a queue when its task is told
// to stop leaves it and is answered with the reason; one that is not has been answered already. So
// each wait is answered once, and the mutex is the only memory order there is.

#include <coroutine>
#include <cstddef>
#include <mutex>
#include <source_location>
#include <utility>

#include "absl/status/status.h"
#include "async/detail/intrusive_list.h"
#include "async/detail/waiter.h"

namespace weir::detail {

class QueuedWaiter;

// All but the constructor: with the mutex held.
class WaitQueue {
 public:
  explicit WaitQueue(std::mutex& mutex) : mutex_(mutex) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  QueuedWaiter& front() { return waiters_.front(); }

  void answer_front(absl::Status status = absl::OkStatus());
  void answer_all(const absl::Status& status = absl::OkStatus());
  // To the end of `to`, which has the same mutex; perhaps it is this one.
  void move_front(WaitQueue& to);

 private:
  friend class QueuedWaiter;
  std::mutex& mutex_;
  std::size_t size_ = 0;
  IntrusiveList<QueuedWaiter> waiters_;
};

class QueuedWaiter : Waiter, public ListHook<> {
 public:
  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    return suspend(self);
  }

 protected:
  QueuedWaiter(WaitQueue& queue, const char* what, std::source_location where)
      : mutex_(queue.mutex_), queue_(&queue), what_(what), where_(where) {}
  ~QueuedWaiter() = default;

  // With the mutex held: true if there is no need to wait, because it took what it asks for or
  // failed for good.
  virtual bool is_answered() = 0;
  // With the mutex held: it left the queue without an answer.
  virtual void gave_up() {}

  template <class Promise>
  bool suspend(std::coroutine_handle<Promise> self) {
    if (!self.promise().context().loop().may_go_on()) {
      began(self, what_, where_);
      lets_others_run_ = true;
      complete();
      return true;
    }
    {
      std::lock_guard lock(mutex_);
      if (is_answered()) return false;
      began(self, what_, where_);
      join_queue();
    }
    watch_cancellation();
    return true;
  }

  // await_suspend for a leaf whose answer, if it is there, is given to a task that was told to stop
  // all the same.
  template <class Promise>
  bool suspend_unless_answered(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (status_.ok()) return suspend(self);
    std::lock_guard lock(mutex_);
    if (is_answered()) status_ = absl::OkStatus();
    return false;
  }

  void fail(absl::Status status) { status_ = std::move(status); }

  // For await_resume: the answer, or that the task was told to stop.
  absl::Status finish() {
    ended();
    return std::move(status_);
  }
  // The task was cancelled after it was answered and before it went on. Whoever cancelled it, a
  // select, a scope, drops its result: what cannot be put back by a destructor is not to be taken.
  // At a deadline the caller still wants the result.
  absl::Status cancelled_meanwhile() const {
    if (!suspended_ || !context().scope().is_abandoned()) return {};
    return to_status(CancelReason::kCancelled);
  }

  std::mutex& mutex() const { return mutex_; }

 private:
  friend class WaitQueue;
  void join_queue() {  // with the mutex held
    queue_->waiters_.push_back(*this);
    ++queue_->size_;
    suspended_ = true;
  }
  // Asks only now, after the others have run; false if it has to wait.
  bool asks_at_last();
  void run() final {
    if (!std::exchange(lets_others_run_, false) || asks_at_last()) Waiter::run();
  }
  void answer(absl::Status status);
  void on_cancel(CancelReason reason) final;

  std::mutex& mutex_;
  WaitQueue* queue_;
  const char* const what_;
  const std::source_location where_;
  absl::Status status_;
  bool suspended_ = false;
  bool lets_others_run_ = false;
};

// Waits until a flag of the owner is set, for good.
class [[nodiscard]] UntilSet final : public QueuedWaiter {
 public:
  UntilSet(WaitQueue& queue, const bool& flag, const char* what, std::source_location where)
      : QueuedWaiter(queue, what, where), flag_(flag) {}
  absl::Status await_resume() { return finish(); }

 private:
  bool is_answered() override { return flag_; }
  const bool& flag_;
};

}  // namespace weir::detail
