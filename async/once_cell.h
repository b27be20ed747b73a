// SPDX-License-Identifier: Apache-2.0
#pragma once

// OnceCell: a value that is made once, by whoever asks first, while the others wait. Tokio:
// tokio::sync::OnceCell.
//
//     OnceCell<Schema> schema;
//     const Schema* use = co_await or_return(co_await schema.get_or_try_init(load_schema));
//
// The function is called by the caller's own task, in its scope, and at most one runs at a time. If
// it fails, throws, or is told to stop, the cell stays empty, its caller gets that error, and the
// next that waits calls its own. CANCELLED or DEADLINE_EXCEEDED when a waiting task was told to
// stop; nothing is lost. Fair: first come, first served.
//
// Thread: any. What the function did is visible to all who get the value. Allocates nothing beyond
// the tasks. Once made the value is never replaced: get() is one atomic load (acquire).
//
// Trap: a function that asks the cell it is called for waits for ever. The cell must outlive all
// who use the value.

#include <atomic>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/semaphore.h"
#include "async/task.h"

namespace weir {

template <class T>
class OnceCell {
 public:
  // Null if it is not made yet.
  const T* get() const { return made_.load(std::memory_order_acquire); }

  // ALREADY_EXISTS if it is made, UNAVAILABLE if it is being made.
  absl::Status set(T value) {
    const std::optional<Permit> permit = making_.try_acquire();
    if (get() != nullptr) return absl::AlreadyExistsError("the value is there");
    if (!permit.has_value()) return absl::UnavailableError("the value is being made");
    make(std::move(value));
    return absl::OkStatus();
  }

  // `init` is called without arguments and returns a Task of StatusOr<T>. It is kept until then.
  template <class F>
  Task<absl::StatusOr<const T*>> get_or_try_init(F init) {
    if (get() != nullptr) co_return get();
    const absl::StatusOr<Permit> permit = co_await making_.acquire();
    if (get() != nullptr) co_return get();
    if (!permit.ok()) co_return permit.status();
    absl::StatusOr<T> value = co_await init();
    if (!value.ok()) co_return value.status();
    make(*std::move(value));
    co_return get();
  }

  // The same for a Task of T, which cannot fail; to wait for it can.
  template <class F>
  Task<absl::StatusOr<const T*>> get_or_init(F init) {
    auto cannot_fail = [&init]() -> Task<absl::StatusOr<T>> { co_return co_await init(); };
    co_return co_await get_or_try_init(std::move(cannot_fail));
  }

 private:
  // By the one that has the permit.
  void make(T value) {
    value_.emplace(std::move(value));
    made_.store(&*value_, std::memory_order_release);
    making_.close();  // all who wait at once, not one after the other
  }

  std::optional<T> value_;
  std::atomic<const T*> made_ = nullptr;
  Semaphore making_{1};
};

}  // namespace weir
