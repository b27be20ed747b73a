// SPDX-License-Identifier: Apache-2.0
#pragma once

// Admission: the bound on calls in progress, all methods together, which stands before every
// handler. Tokio: tower's load_shed over concurrency_limit. What is good for one method, and who
// goes first, is method_limit.h's business.
//
// Refusing fast is cheaper than serving late. gRPC 1.51 has no such knob and queues what is not
// requested without bound (grpc#28646, #12472), so calls are always accepted and refused here:
// UNAVAILABLE, for another replica may do it, with RetryInfo and grpc-retry-pushback-ms.
//
// Thread: any.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "async/time.h"

namespace weir::rpc {

class Admission {
 public:
  explicit Admission(std::size_t max_calls) : max_calls_(max_calls) {}

  // One admitted call; gives its place back on destruction.
  class [[nodiscard]] Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(admission_, other.admission_);
      return *this;
    }
    ~Place() {
      if (admission_ != nullptr) admission_->state_.fetch_sub(kCall, std::memory_order_acq_rel);
    }
    explicit operator bool() const { return admission_ != nullptr; }

   private:
    friend class Admission;
    explicit Place(Admission* admission) : admission_(admission) {}
    Admission* admission_ = nullptr;
  };

  // Empty if the call must be refused.
  Place enter();

  // From now on every call is refused: the server is going away.
  void close() { state_.fetch_or(kClosed, std::memory_order_acq_rel); }

  bool is_closed() const { return (state_.load(std::memory_order_acquire) & kClosed) != 0; }

  // A call has to wait for others: for a while batches make room. Any thread.
  void press(TimePoint now) {
    pressed_until_.store((now + kPress).time_since_epoch().count(), std::memory_order_relaxed);
  }
  bool is_pressed(TimePoint now) const {
    return now.time_since_epoch().count() < pressed_until_.load(std::memory_order_relaxed);
  }

  // Admitted calls, and never one on its way to being refused: after close() it only falls, and
  // once it is zero it stays so.
  std::size_t in_progress() const { return state_.load(std::memory_order_acquire) / kCall; }
  // Calls that have asked to enter, ever: the drain waits until this stands still.
  std::uint64_t arrived() const { return arrived_.load(std::memory_order_acquire); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_acquire); }

 private:
  static constexpr Duration kPress = std::chrono::milliseconds(500);
  static constexpr std::size_t kClosed = 1;
  static constexpr std::size_t kCall = 2;

  const std::size_t max_calls_;
  // kCall for each call in progress, plus kClosed: one word, so that nobody enters past the door's
  // closing.
  std::atomic<std::size_t> state_ = 0;
  std::atomic<std::uint64_t> arrived_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<Duration::rep> pressed_until_ = Duration::min().count();
};

}  // namespace weir::rpc
