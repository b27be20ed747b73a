// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gate: counts those inside, lets nobody in once it is closed, and says when the last has left.
// Tokio: tokio_util::task::TaskTracker (Seastar: gate).
//
//     std::optional<Pass> pass = gate.enter();       // before each piece of work
//     if (!pass) return absl::UnavailableError("shutting down");
//     ...
//     gate.close();                                  // at the end
//     absl::Status status = co_await gate.drained();
//
// drained() is OK once the gate is closed and empty, in whichever order that came about; CANCELLED
// or DEADLINE_EXCEEDED when the waiting task was told to stop, and one may wait again. A Pass moves
// with the work and leaves when it is destroyed. All who wait are told.
//
// Thread: any. What was done inside is visible to those who waited for the end. Entering and
// leaving take a lock for a few instructions; waiting allocates nothing.
// Trap: the gate must outlive its passes; after drained() it may be destroyed.

#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>

#include "absl/status/status.h"
#include "async/detail/wait_queue.h"

namespace weir {

class Gate;

// Somebody is inside as long as this lives.
class [[nodiscard]] Pass {
 public:
  Pass() = default;
  Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  Pass& operator=(Pass&& other) noexcept {
    Pass taken(std::move(other));
    std::swap(gate_, taken.gate_);
    return *this;
  }
  ~Pass() { leave(); }

  // Early; then the pass is of no gate.
  void leave();
  explicit operator bool() const { return gate_ != nullptr; }

 private:
  friend class Gate;
  explicit Pass(Gate& gate) : gate_(&gate) {}

  Gate* gate_ = nullptr;
};

class Gate {
 public:
  Gate() = default;
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // nullopt once the gate is closed.
  std::optional<Pass> enter();
  void close();

  bool is_closed() const;
  std::size_t inside() const;

  class Drained;
  // co_await yields Status.
  [[nodiscard]] Drained drained(std::source_location where = std::source_location::current());

 private:
  friend class Pass;
  void leave();
  bool is_drained() const { return closed_ && inside_ == 0; }
  void wake_if_drained();

  mutable std::mutex mutex_;
  std::size_t inside_ = 0;
  bool closed_ = false;
  detail::WaitQueue waiters_{mutex_};
};

class [[nodiscard]] Gate::Drained final : public detail::QueuedWaiter {
 public:
  Drained(Gate& gate, std::source_location where)
      : QueuedWaiter(gate.waiters_, "gate", where), gate_(gate) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return suspend_unless_answered(self);
  }
  absl::Status await_resume() {
    absl::Status status = finish();
    // The last to leave may still hold the lock, and the gate may be destroyed from here on.
    std::lock_guard lock(mutex());
    return status;
  }

 private:
  bool is_answered() override { return gate_.is_drained(); }
  Gate& gate_;
};

inline Gate::Drained Gate::drained(std::source_location where) { return Drained(*this, where); }

}  // namespace weir
