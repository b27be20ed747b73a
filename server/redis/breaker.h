// SPDX-License-Identifier: Apache-2.0
#pragma once

// Breaker: whether it is worth asking Redis at all. Tokio: tower's circuit breakers (failsafe).
//
//   closed     commands pass. Opens when `threshold` of them in a row got no answer, or at once
//              when no connection is left and none can be made.
//   open       commands are refused, at the price of reading an atomic.
//   half-open  the same, while a connection is being made: its PING is the probe.
//
// It has no clock: when to probe is when to connect again, which is the connections' back-off.
//
// Thread: `state` and `admits` from any, the rest from one.

#include <atomic>

namespace weir::redis {

class Breaker {
 public:
  enum class State : unsigned char { kClosed, kOpen, kHalfOpen };

  explicit Breaker(int threshold) : threshold_(threshold) {}

  State state() const { return state_.load(std::memory_order_relaxed); }
  bool admits() const { return state() == State::kClosed; }

  void command_answered() { failures_ = 0; }
  // True if this opened it.
  bool command_unanswered() {
    if (!admits() || ++failures_ < threshold_) return false;
    state_ = State::kOpen;
    return true;
  }
  // Nothing can be reached. True if this opened it.
  bool trip() { return state_.exchange(State::kOpen) == State::kClosed; }

  void probe_began() {
    if (state() == State::kOpen) state_ = State::kHalfOpen;
  }
  // A connection answered its PING. True if this closed it.
  bool probe_answered() {
    failures_ = 0;
    return state_.exchange(State::kClosed) != State::kClosed;
  }

 private:
  const int threshold_;
  int failures_ = 0;
  std::atomic<State> state_ = State::kClosed;
};

}  // namespace weir::redis
