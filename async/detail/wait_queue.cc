// SPDX-License-Identifier: Apache-2.0
#include "async/detail/wait_queue.h"

namespace weir::detail {

void WaitQueue::answer_front(absl::Status status) { waiters_.front().answer(std::move(status)); }

void WaitQueue::answer_all(const absl::Status& status) {
  while (!empty()) answer_front(status);
}

void WaitQueue::move_front(WaitQueue& to) {
  QueuedWaiter& waiter = waiters_.pop_front();
  --size_;
  to.waiters_.push_back(waiter);
  ++to.size_;
  waiter.queue_ = &to;
}

bool QueuedWaiter::asks_at_last() {
  status_ = context().status();
  if (!status_.ok()) return true;
  {
    std::lock_guard lock(mutex_);
    if (is_answered()) return true;
    join_queue();
  }
  watch_cancellation();
  return false;
}

void QueuedWaiter::answer(absl::Status status) {
  queue_->waiters_.remove(*this);
  --queue_->size_;
  status_ = std::move(status);
  complete();
}

void QueuedWaiter::on_cancel(CancelReason reason) {
  std::lock_guard lock(mutex_);
  if (!ListHook<>::is_linked()) return;
  answer(to_status(reason));
  // Its loop cannot have gone on: it first forgets this callback, for which it needs the lock of
  // the scope, which is held around this call.
  gave_up();
}

}  // namespace weir::detail
