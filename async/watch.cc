// SPDX-License-Identifier: Apache-2.0
#include "async/watch.h"

namespace weir::watch::detail {

void State::wake_all() {
  while (!waiters.empty()) {
    Changed& waiter = waiters.pop_front();
    waiter.settle();
    waiter.complete();
  }
}

void Changed::settle() {
  if (state_.version == seen_) status_ = absl::AbortedError("the sender is gone");
}

bool Changed::enqueue() {
  std::lock_guard lock(state_.mutex);
  if (state_.version != seen_ || state_.sender_gone) {
    settle();
    return false;
  }
  state_.waiters.push_back(*this);
  return true;
}

void Changed::on_cancel(CancelReason reason) {
  std::lock_guard lock(state_.mutex);
  if (!weir::detail::ListHook<Changed>::is_linked()) return;
  state_.waiters.remove(*this);
  status_ = to_status(reason);
  complete();
}

}  // namespace weir::watch::detail
