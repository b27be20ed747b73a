// SPDX-License-Identifier: Apache-2.0
#pragma once

// ChannelState: what the four kinds of channel have in common, whatever they carry: a lock, who is
// at which end, and who waits. ChannelEnd: the share of it that each Sender and Receiver holds,
// counted on its side for as long as it lives, so that the last of a side to go is noticed.

#include <cstddef>
#include <memory>
#include <mutex>
#include <source_location>
#include <utility>

#include "async/detail/wait_queue.h"

namespace weir::detail {

struct ChannelState {
  std::mutex mutex;
  std::size_t senders = 0;
  std::size_t receivers = 0;
  bool closed = false;  // no receiver will see what is sent from now on
  WaitQueue receiving{mutex};
  WaitQueue until_closed{mutex};

  void add_sender();
  void drop_sender();  // the last one answers those who receive
  void add_receiver();
  void drop_receiver();  // the last one closes
  void close();
  bool is_closed();

  void set_closed();  // with the mutex held

  UntilSet wait_until_closed(std::source_location where) {
    return UntilSet(until_closed, closed, "closed", where);
  }
};

template <class State, auto kJoin, auto kLeave>
class ChannelEnd {
 public:
  explicit ChannelEnd(std::shared_ptr<State> state) : state_(std::move(state)) { join(); }
  ChannelEnd(const ChannelEnd& other) : state_(other.state_) { join(); }
  ChannelEnd(ChannelEnd&& other) noexcept = default;
  ChannelEnd& operator=(ChannelEnd other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~ChannelEnd() {
    if (state_ != nullptr) (state_.get()->*kLeave)();
  }

  explicit operator bool() const { return state_ != nullptr; }
  State* operator->() const { return state_.get(); }
  State& operator*() const { return *state_; }
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  void join() {
    if (state_ != nullptr) (state_.get()->*kJoin)();
  }
  std::shared_ptr<State> state_;
};

// One that is the only one of its side: it moves and is not copied.
template <class End>
class SoleEnd : public End {
 public:
  using End::End;
  SoleEnd(SoleEnd&&) noexcept = default;
  SoleEnd& operator=(SoleEnd&&) noexcept = default;
  ~SoleEnd() = default;
};

template <class State>
using SenderEnd = ChannelEnd<State, &ChannelState::add_sender, &ChannelState::drop_sender>;
template <class State>
using ReceiverEnd = ChannelEnd<State, &ChannelState::add_receiver, &ChannelState::drop_receiver>;

}  // namespace weir::detail
