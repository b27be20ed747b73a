// SPDX-License-Identifier: Apache-2.0
#pragma once

// RwLock: a value that many may read or one may write, also across a co_await. Tokio:
// tokio::sync::RwLock.
//
//     RwLock<Routes> routes(load());
//     RwLockReadGuard<Routes> reading = co_await or_return(co_await routes.read());
//     RwLockWriteGuard<Routes> writing = co_await or_return(co_await routes.write());
//
// Fair: first come, first served, so a writer that waits is not starved: readers that come later
// wait behind it. Errors, cancellation, allocation, memory order and threads as for Mutex
// (async/mutex.h).
//
// Traps: Mutex's, and one more: a task that reads may not read again before it has let go, since a
// writer may wait in between (Tokio says the same).
//
// When it is the wrong tool: for a value that is replaced as a whole, watch or a shared_ptr that is
// swapped under a std::mutex lets readers keep what they have and never wait.

#include <cstddef>
#include <optional>
#include <source_location>
#include <utility>

#include "async/detail/locked.h"
#include "async/semaphore.h"

namespace weir {

template <class T>
using RwLockReadGuard = detail::Locked<const T>;
template <class T>
using RwLockWriteGuard = detail::Locked<T>;

template <class T>
class RwLock {
 public:
  RwLock() = default;
  explicit RwLock(T value) : value_(std::move(value)) {}

  // co_await yields StatusOr<RwLockReadGuard<T>>.
  [[nodiscard]] auto read(std::source_location where = std::source_location::current()) {
    return detail::Lock<const T>(semaphore_, 1, value_, "read lock", where);
  }
  // co_await yields StatusOr<RwLockWriteGuard<T>>.
  [[nodiscard]] auto write(std::source_location where = std::source_location::current()) {
    return detail::Lock<T>(semaphore_, kMostReaders, value_, "write lock", where);
  }
  // Now or not at all.
  std::optional<RwLockReadGuard<T>> try_read() {
    return detail::try_lock<const T>(semaphore_, 1, value_);
  }
  std::optional<RwLockWriteGuard<T>> try_write() {
    return detail::try_lock<T>(semaphore_, kMostReaders, value_);
  }

 private:
  // A writer takes what all readers share. More readers than this wait.
  static constexpr std::size_t kMostReaders = std::size_t{1} << 30;

  Semaphore semaphore_{kMostReaders};
  T value_{};
};

}  // namespace weir
