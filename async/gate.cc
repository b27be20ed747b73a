// SPDX-License-Identifier: Apache-2.0
#include "async/gate.h"

#include <cassert>

namespace weir {

void Pass::leave() {
  if (gate_ != nullptr) std::exchange(gate_, nullptr)->leave();
}

Gate::~Gate() { assert(inside_ == 0 && waiters_.empty()); }

std::optional<Pass> Gate::enter() {
  std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  ++inside_;
  return Pass(*this);
}

void Gate::leave() {
  std::lock_guard lock(mutex_);
  --inside_;
  wake_if_drained();
}

void Gate::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  wake_if_drained();
}

void Gate::wake_if_drained() {
  if (!closed_ || inside_ > 0) return;
  while (!waiters_.empty()) waiters_.pop_front().complete();
}

bool Gate::is_closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t Gate::inside() const {
  std::lock_guard lock(mutex_);
  return inside_;
}

bool Gate::Drained::is_drained() const {
  std::lock_guard lock(gate_.mutex_);
  return gate_.closed_ && gate_.inside_ == 0;
}

bool Gate::Drained::enqueue() {
  std::lock_guard lock(gate_.mutex_);
  if (gate_.closed_ && gate_.inside_ == 0) return false;
  gate_.waiters_.push_back(*this);
  return true;
}

void Gate::Drained::on_cancel(CancelReason reason) {
  std::lock_guard lock(gate_.mutex_);
  if (!detail::ListHook<Drained>::is_linked()) return;
  gate_.waiters_.remove(*this);
  status_ = to_status(reason);
  complete();
}

absl::Status Gate::Drained::await_resume() {
  ended();
  // The last to leave may still hold the lock, and the gate may be destroyed from here on.
  std::lock_guard lock(gate_.mutex_);
  return status_;
}

}  // namespace weir
