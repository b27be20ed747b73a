// SPDX-License-Identifier: Apache-2.0
#include "async/cancellation.h"

#include <utility>

namespace weir {

// Made once: a copy only counts, so that to be told to stop, or to time out, allocates nothing.
absl::Status to_status(CancelReason reason) {
  static const auto* const cancelled =
      new absl::Status(absl::CancelledError("the operation was cancelled"));
  static const auto* const deadline =
      new absl::Status(absl::DeadlineExceededError("the deadline passed"));
  switch (reason) {
    case CancelReason::kNone:
      return absl::OkStatus();
    case CancelReason::kCancelled:
      return *cancelled;
    case CancelReason::kDeadline:
      return *deadline;
  }
  return absl::InternalError("unknown cancel reason");
}

CancelScope::CancelScope(CancelScope* parent) : parent_(parent) {
  if (parent_ != nullptr) parent_->add(*this);
}

CancelScope::~CancelScope() {
  if (parent_ != nullptr) parent_->remove(*this);
}

void CancelScope::cancel(CancelReason reason) {
  // Locks are only ever taken downwards, parent before child, and callbacks never touch a scope.
  std::lock_guard lock(mutex_);
  if (reason == CancelReason::kCancelled) abandoned_.store(true, std::memory_order_release);
  if (is_cancelled()) return;
  reason_.store(reason, std::memory_order_release);
  while (!callbacks_.empty()) callbacks_.pop_front().on_cancel(reason);
}

void CancelScope::add(CancelCallback& callback) {
  std::lock_guard lock(mutex_);
  if (is_cancelled()) {
    callback.on_cancel(reason());
  } else {
    callbacks_.push_back(callback);
  }
}

void CancelScope::remove(CancelCallback& callback) {
  std::lock_guard lock(mutex_);
  if (callback.is_linked()) callbacks_.remove(callback);
}

CancellationToken::State::State(std::shared_ptr<State> up)
    : parent(std::move(up)), scope(parent ? &parent->scope : nullptr) {}

CancellationToken::CancellationToken() : state_(std::make_shared<State>(nullptr)) {}

CancellationToken CancellationToken::child() const {
  return CancellationToken(std::make_shared<State>(state_));
}

}  // namespace weir
