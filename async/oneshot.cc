// SPDX-License-Identifier: Apache-2.0
#include "async/oneshot.h"

namespace weir::oneshot::detail {

void State::wake_receiver() {
  if (waiter != nullptr) std::exchange(waiter, nullptr)->complete();
}

bool Receive::is_settled() const {
  std::lock_guard lock(state_.mutex);
  return state_.has_value || state_.sender_gone;
}

bool Receive::enqueue() {
  std::lock_guard lock(state_.mutex);
  if (state_.has_value || state_.sender_gone) return false;
  state_.waiter = this;
  return true;
}

void Receive::on_cancel(CancelReason reason) {
  std::lock_guard lock(state_.mutex);
  if (state_.waiter != this) return;
  state_.waiter = nullptr;
  status_ = to_status(reason);
  complete();
}

absl::Status Receive::finish() {
  ended();
  if (!status_.ok()) return status_;
  std::lock_guard lock(state_.mutex);
  if (!state_.has_value) return absl::AbortedError("the sender was dropped without sending");
  state_.has_value = false;
  state_.sender_gone = true;  // a second receive finds an empty, finished channel
  return absl::OkStatus();
}

}  // namespace weir::oneshot::detail
