// SPDX-License-Identifier: Apache-2.0
#include "async/semaphore.h"

namespace weir {
namespace {

absl::Status closed_error() { return absl::FailedPreconditionError("the semaphore is closed"); }

}  // namespace

void Permit::release() {
  if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release(count_);
}

std::optional<Permit> Semaphore::try_acquire(std::size_t count) {
  std::lock_guard lock(mutex_);
  if (closed_ || !can_take(count)) return std::nullopt;
  available_ -= count;
  return Permit(*this, count);
}

void Semaphore::release(std::size_t count) {
  std::lock_guard lock(mutex_);
  available_ += count;
  grant_waiters();
}

void Semaphore::grant_waiters() {
  while (!waiters_.empty()) {
    const std::size_t count = static_cast<Acquire&>(waiters_.front()).count_;
    if (count > available_) return;
    available_ -= count;
    waiters_.answer_front();
  }
}

void Semaphore::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  waiters_.answer_all(closed_error());
}

bool Semaphore::is_closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t Semaphore::available() const {
  std::lock_guard lock(mutex_);
  return available_;
}

std::size_t Semaphore::waiting() const {
  std::lock_guard lock(mutex_);
  return waiters_.size();
}

bool Semaphore::Acquire::is_answered() {
  if (semaphore_.closed_) {
    fail(closed_error());
    return true;
  }
  if (!semaphore_.can_take(count_)) return false;
  semaphore_.available_ -= count_;
  return true;
}

// It may have stood before smaller ones that fit.
void Semaphore::Acquire::gave_up() { semaphore_.grant_waiters(); }

}  // namespace weir
