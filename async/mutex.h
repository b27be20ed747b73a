// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mutex: a value that one task at a time may use, also across a co_await. Tokio:
// tokio::sync::Mutex.
//
//     Mutex<Connection> connection(open());
//     MutexGuard<Connection> guard = co_await or_return(co_await connection.lock());
//     co_await or_return(co_await guard->send(request));       // nobody comes in between
//
// Mutex<> guards nothing but a piece of code. Fair: first come, first served; try_lock overtakes
// nobody. lock yields CANCELLED or DEADLINE_EXCEEDED when the task was told to stop, and loses
// nothing. The guard unlocks when it goes, on whatever thread. To wait allocates nothing. What was
// done under the lock is visible to the next who has it. Not poisoned by an exception, as in Tokio.
//
// Traps. A guard across a co_await holds everybody else up for as long as that takes: let it go
// first (a block around it), or bound the wait with `timeout`. A task that locks twice, or two that
// lock a and b and b and a, wait for ever; the task tree shows both, awaiting "mutex".
//
// When it is the wrong tool: code between two co_awaits is never interrupted by another task of the
// same loop, and needs no lock. What several threads use, but never across a co_await, belongs
// under a std::mutex: it is faster, and blocks the loop only for moments. A std::lock_guard across
// a co_await is an error that Rust's compiler finds (its guard is not Send) and C++'s does not: it
// may be unlocked on another thread, and blocks the loop of whoever wants the lock meanwhile.
//
// Thread: any, of any loop. The mutex must outlive its guards.

#include <optional>
#include <source_location>
#include <utility>
#include <variant>

#include "async/detail/locked.h"
#include "async/semaphore.h"

namespace weir {

template <class T>
using MutexGuard = detail::Locked<T>;

template <class T = std::monostate>
class Mutex {
 public:
  Mutex() = default;
  explicit Mutex(T value) : value_(std::move(value)) {}

  // co_await yields StatusOr<MutexGuard<T>>.
  [[nodiscard]] auto lock(std::source_location where = std::source_location::current()) {
    return detail::Lock<T>(semaphore_, 1, value_, "mutex", where);
  }
  // Now or not at all.
  std::optional<MutexGuard<T>> try_lock() { return detail::try_lock(semaphore_, 1, value_); }

 private:
  Semaphore semaphore_{1};
  T value_{};
};

}  // namespace weir
