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
  if (is_drained()) waiters_.answer_all();
}

bool Gate::is_closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t Gate::inside() const {
  std::lock_guard lock(mutex_);
  return inside_;
}

}  // namespace weir
