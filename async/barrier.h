// SPDX-License-Identifier: Apache-2.0
#pragma once

// Barrier: n tasks wait for each other, again and again. Tokio: tokio::sync::Barrier.
//
//     absl::StatusOr<BarrierWaitResult> met = co_await barrier.wait();
//     if (met.ok() && met->is_leader()) ...                    // one of the n, the last that came
//
// The n-th to come lets the n go, and the next n begin to meet. CANCELLED or DEADLINE_EXCEEDED when
// the task was told to stop: then it is as if it had never come, and another must come in its
// place.
//
// | Tokio                                        | here                                         |
// | "This method is not cancel safe": who was    | a cancelled wait leaves; the others wait for |
// |  dropped is still counted                    |  n that are there                            |
//
// Thread: any. What each did before it came is visible to all after. Allocates nothing.
// Traps: if one of the n gives up for good the others wait for ever: give them a common scope. In a
// `select` the loser may have been let go already, and cannot tell; under a `timeout` it can.

#include <cstddef>
#include <mutex>
#include <source_location>

#include "absl/status/statusor.h"
#include "async/detail/wait_queue.h"

namespace weir {

class BarrierWaitResult {
 public:
  explicit BarrierWaitResult(bool is_leader) : is_leader_(is_leader) {}
  bool is_leader() const { return is_leader_; }

 private:
  bool is_leader_;
};

class Barrier {
 public:
  // Of 0 as of 1: nobody waits.
  explicit Barrier(std::size_t parties) : parties_(parties) {}

  class Wait;
  // co_await yields StatusOr<BarrierWaitResult>.
  [[nodiscard]] Wait wait(std::source_location where = std::source_location::current());

 private:
  const std::size_t parties_;
  std::mutex mutex_;
  detail::WaitQueue waiters_{mutex_};
};

class [[nodiscard]] Barrier::Wait final : public detail::QueuedWaiter {
 public:
  Wait(Barrier& barrier, std::source_location where)
      : QueuedWaiter(barrier.waiters_, "barrier", where), barrier_(barrier) {}

  absl::StatusOr<BarrierWaitResult> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return BarrierWaitResult(is_last_);
  }

 private:
  bool is_answered() override {
    if (barrier_.waiters_.size() + 1 < barrier_.parties_) return false;
    is_last_ = true;
    barrier_.waiters_.answer_all();
    return true;
  }

  Barrier& barrier_;
  bool is_last_ = false;
};

inline Barrier::Wait Barrier::wait(std::source_location where) { return Wait(*this, where); }

}  // namespace weir
