// SPDX-License-Identifier: Apache-2.0
#include "async/notify.h"

namespace weir {

void Notify::notify_one() {
  std::lock_guard lock(mutex_);
  give_to_one();
}

void Notify::give_to_one() {
  if (waiters_.empty()) {
    permit_ = true;
    return;
  }
  static_cast<Notified&>(waiters_.front()).by_one_ = true;
  waiters_.answer_front();
}

void Notify::notify_waiters() {
  std::lock_guard lock(mutex_);
  ++rounds_;
  waiters_.answer_all();
}

Notify::Notified::Notified(Notify& notify, std::source_location where)
    : QueuedWaiter(notify.waiters_, "notify", where), notify_(notify), round_([&] {
        std::lock_guard lock(notify.mutex_);
        return notify.rounds_;
      }()) {}

bool Notify::Notified::is_answered() {
  if (notify_.rounds_ != round_) return true;
  return std::exchange(notify_.permit_, false);
}

absl::Status Notify::Notified::await_resume() {
  absl::Status status = finish();
  if (!status.ok() || !by_one_) return status;
  status = cancelled_meanwhile();
  if (!status.ok()) notify_.notify_one();
  return status;
}

}  // namespace weir
