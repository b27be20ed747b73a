// SPDX-License-Identifier: Apache-2.0
#include "async/semaphore.h"

#include <cassert>

namespace weir {
namespace {

absl::Status closed_error() { return absl::FailedPreconditionError("the semaphore is closed"); }

}  // namespace

void Permit::release() {
  if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release(count_);
}

Semaphore::~Semaphore() { assert(waiters_.empty()); }

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
  while (!waiters_.empty() && waiters_.front().count_ <= available_) {
    Acquire& next = waiters_.pop_front();
    --waiting_;
    available_ -= next.count_;
    next.complete();
  }
}

void Semaphore::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  while (!waiters_.empty()) {
    Acquire& next = waiters_.pop_front();
    --waiting_;
    next.status_ = closed_error();
    next.complete();
  }
}

std::size_t Semaphore::available() const {
  std::lock_guard lock(mutex_);
  return available_;
}

std::size_t Semaphore::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_;
}

bool Semaphore::Acquire::enqueue() {
  std::lock_guard lock(semaphore_.mutex_);
  if (semaphore_.closed_) {
    status_ = closed_error();
    return false;
  }
  if (semaphore_.can_take(count_)) {
    semaphore_.available_ -= count_;
    return false;
  }
  semaphore_.waiters_.push_back(*this);
  ++semaphore_.waiting_;
  return true;
}

void Semaphore::Acquire::on_cancel(CancelReason reason) {
  std::lock_guard lock(semaphore_.mutex_);
  if (!detail::ListHook<Acquire>::is_linked())
    return;  // granted already: the permit is ours, nothing is lost
  semaphore_.waiters_.remove(*this);
  --semaphore_.waiting_;
  status_ = to_status(reason);
  complete();
  // It may have stood before smaller ones that fit.
  semaphore_.grant_waiters();
}

}  // namespace weir
