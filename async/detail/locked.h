// SPDX-License-Identifier: Apache-2.0
#pragma once

// Locked: access to a value under a permit of a semaphore, and the leaf that waits for it: what
// Mutex and RwLock are made of.

#include <cstddef>
#include <optional>
#include <source_location>
#include <utility>

#include "absl/status/statusor.h"
#include "async/semaphore.h"

namespace weir::detail {

template <class T>
class [[nodiscard]] Locked {
 public:
  Locked(Permit permit, T& value) : permit_(std::move(permit)), value_(&value) {}

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  Permit permit_;
  T* value_;
};

template <class T>
class [[nodiscard]] Lock final : public Semaphore::Acquire {
 public:
  Lock(Semaphore& semaphore, std::size_t count, T& value, const char* what,
       std::source_location where)
      : Acquire(semaphore, count, where, what), value_(value) {}

  absl::StatusOr<Locked<T>> await_resume() {
    absl::StatusOr<Permit> permit = Acquire::await_resume();
    if (!permit.ok()) return permit.status();
    return Locked<T>(*std::move(permit), value_);
  }

 private:
  T& value_;
};

template <class T>
std::optional<Locked<T>> try_lock(Semaphore& semaphore, std::size_t count, T& value) {
  std::optional<Permit> permit = semaphore.try_acquire(count);
  if (!permit.has_value()) return std::nullopt;
  return Locked<T>(*std::move(permit), value);
}

}  // namespace weir::detail
