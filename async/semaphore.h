// SPDX-License-Identifier: Apache-2.0
#pragma once

// Semaphore: at most n at a time. Tokio: tokio::sync::Semaphore.
//
//     Permit permit = co_await or_return(co_await semaphore.acquire());
//
// Fair: first come, first served, also for those who ask for many; nobody overtakes a waiter.
// A cancelled wait leaves the queue and loses nothing. A waiter lives in its coroutine's frame.
//
// Thread: any; a permit may be released on another thread than it was acquired on.
// Trap: the semaphore must outlive its permits. A permit held across a co_await is the point; a
// permit that is acquired inside a task already spawned bounds the work, not the number of tasks.

#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>

#include "absl/status/statusor.h"
#include "async/detail/intrusive_list.h"
#include "async/detail/waiter.h"

namespace weir {

class Semaphore;

// n units of a semaphore, given back on destruction.
class [[nodiscard]] Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept
      : semaphore_(std::exchange(other.semaphore_, nullptr)), count_(other.count_) {}
  Permit& operator=(Permit&& other) noexcept {
    Permit taken(std::move(other));
    std::swap(semaphore_, taken.semaphore_);
    std::swap(count_, taken.count_);
    return *this;
  }
  ~Permit() { release(); }

  // Early; then the permit holds nothing.
  void release();
  // Never gives the units back: the semaphore shrinks by them.
  void forget() { semaphore_ = nullptr; }
  explicit operator bool() const { return semaphore_ != nullptr; }

 private:
  friend class Semaphore;
  Permit(Semaphore& semaphore, std::size_t count) : semaphore_(&semaphore), count_(count) {}

  Semaphore* semaphore_ = nullptr;
  std::size_t count_ = 0;
};

class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) : available_(permits) {}
  ~Semaphore();
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  class Acquire;
  // co_await yields StatusOr<Permit>: CANCELLED or DEADLINE_EXCEEDED when the task is told to stop,
  // FAILED_PRECONDITION when the semaphore is closed.
  [[nodiscard]] Acquire acquire(std::source_location where = std::source_location::current());
  [[nodiscard]] Acquire acquire_many(std::size_t count,
                                     std::source_location where = std::source_location::current());

  // Now or not at all; not if somebody waits.
  std::optional<Permit> try_acquire(std::size_t count = 1);

  // Makes the semaphore larger.
  void add_permits(std::size_t count) { release(count); }

  // All who wait, and all who ask later, get FAILED_PRECONDITION. Permits given out stay valid.
  void close();

  std::size_t available() const;
  std::size_t waiting() const;

 private:
  friend class Permit;
  void release(std::size_t count);
  bool can_take(std::size_t count) const { return waiters_.empty() && available_ >= count; }
  void grant_waiters();

  mutable std::mutex mutex_;
  std::size_t available_;
  std::size_t waiting_ = 0;
  bool closed_ = false;
  detail::IntrusiveList<Acquire, Acquire> waiters_;
};

class [[nodiscard]] Semaphore::Acquire final : detail::Waiter, public detail::ListHook<Acquire> {
 public:
  Acquire(Semaphore& semaphore, std::size_t count, std::source_location where)
      : semaphore_(semaphore), count_(count), where_(where) {}

  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, "semaphore", where_);
    if (!enqueue()) return false;
    watch_cancellation();
    return true;
  }

  absl::StatusOr<Permit> await_resume() {
    ended();
    if (!status_.ok()) return status_;
    return Permit(semaphore_, count_);
  }

 private:
  friend class Semaphore;
  bool enqueue();  // false if it was answered at once
  void on_cancel(CancelReason reason) override;

  Semaphore& semaphore_;
  const std::size_t count_;
  const std::source_location where_;
  absl::Status status_;
};

inline Semaphore::Acquire Semaphore::acquire(std::source_location where) {
  return Acquire(*this, 1, where);
}
inline Semaphore::Acquire Semaphore::acquire_many(std::size_t count, std::source_location where) {
  return Acquire(*this, count, where);
}

}  // namespace weir
