// SPDX-License-Identifier: Apache-2.0
#include "async/detail/mpsc_state.h"

namespace weir::mpsc::detail {

absl::Status closed_error() { return absl::FailedPreconditionError("the receiver is gone"); }

absl::Status State::take_slot() {
  if (closed) return closed_error();
  if (free_slots == 0) return absl::ResourceExhaustedError("the channel is full");
  --free_slots;
  return absl::OkStatus();
}

absl::Status State::try_take_slot() {
  std::lock_guard lock(mutex);
  return take_slot();
}

void State::slot_freed() {
  if (!sending.empty()) return sending.answer_front();  // handed on
  ++free_slots;
}

void State::return_slot() {
  std::lock_guard lock(mutex);
  slot_freed();
  if (is_finished()) receiving.answer_all();
}

void State::drop_sender() {
  std::lock_guard lock(mutex);
  if (--senders == 0 && is_finished()) receiving.answer_all();
}

void State::set_closed() {
  closed = true;
  sending.answer_all(closed_error());
  until_closed.answer_all();
  if (is_finished()) receiving.answer_all();
}

void State::close() {
  std::lock_guard lock(mutex);
  set_closed();
}

std::size_t State::capacity() {
  std::lock_guard lock(mutex);
  return free_slots;
}

bool TakeSlot::is_answered() {
  if (state_.closed) {
    fail(closed_error());
    return true;
  }
  if (state_.free_slots == 0) return false;
  --state_.free_slots;
  has_slot_ = true;
  return true;
}

absl::Status TakeSlot::finish() {
  absl::Status status = QueuedWaiter::finish();
  if (!status.ok() || has_slot_) return status;
  status = cancelled_meanwhile();
  if (!status.ok()) state_.return_slot();
  return status;
}

}  // namespace weir::mpsc::detail
