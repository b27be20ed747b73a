// SPDX-License-Identifier: Apache-2.0
#pragma once

// Semaphore: at most n at a time. Tokio: tokio::sync::Semaphore.
//
//     Permit permit = co_await or_return(co_await semaphore.acquire());
//
// Fair: first come, first served, also for those who ask for many; nobody overtakes a waiter, not
// even try_acquire. A cancelled wait leaves the queue and loses nothing; a permit that was granted
// before is kept, and given back by its destructor. Allocates nothing: a waiter lives in its
// coroutine's frame. What was done before a release is visible to whoever acquires those units.
//
// Thread: any; a permit may be released on another thread than it was acquired on.
// Trap: the semaphore must outlive its permits. A permit held across a co_await is the point; a
// permit that is acquired inside a task already spawned bounds the work, not the number of tasks.
// Who asks for more than there will ever be waits for ever, and all behind it.

#include <cstddef>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>

#include "absl/status/statusor.h"
#include "async/detail/wait_queue.h"

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
  bool is_closed() const;

  std::size_t available() const;
  std::size_t waiting() const;

 private:
  friend class Permit;
  void release(std::size_t count);
  bool can_take(std::size_t count) const { return waiters_.empty() && available_ >= count; }
  void grant_waiters();

  mutable std::mutex mutex_;
  std::size_t available_;
  bool closed_ = false;
  detail::WaitQueue waiters_{mutex_};
};

class [[nodiscard]] Semaphore::Acquire : public detail::QueuedWaiter {
 public:
  Acquire(Semaphore& semaphore, std::size_t count, std::source_location where,
          const char* what = "semaphore")
      : QueuedWaiter(semaphore.waiters_, what, where), semaphore_(semaphore), count_(count) {}

  absl::StatusOr<Permit> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return Permit(semaphore_, count_);
  }

 private:
  friend class Semaphore;
  bool is_answered() override;
  void gave_up() override;

  Semaphore& semaphore_;
  const std::size_t count_;
};

inline Semaphore::Acquire Semaphore::acquire(std::source_location where) {
  return Acquire(*this, 1, where);
}
inline Semaphore::Acquire Semaphore::acquire_many(std::size_t count, std::source_location where) {
  return Acquire(*this, count, where);
}

}  // namespace weir
