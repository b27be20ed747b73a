// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the ends of an mpsc channel share. A slot is room for one value: it is free, or taken (by a
// permit, or by a sender on its way), or filled. Senders wait for slots, the receiver for values.

#include <cstddef>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/detail/block_queue.h"
#include "async/detail/channel_state.h"

namespace weir::mpsc::detail {

absl::Status closed_error();

// The part that does not know the type of the values.
struct State : weir::detail::ChannelState {
  explicit State(std::size_t capacity) : max_capacity(capacity), free_slots(capacity) {}

  const std::size_t max_capacity;
  std::size_t free_slots;
  weir::detail::WaitQueue sending{mutex};

  absl::Status try_take_slot();
  void return_slot();
  void drop_sender();
  void close();
  std::size_t capacity();

  // With the mutex held.
  absl::Status take_slot();  // RESOURCE_EXHAUSTED if there is none
  void slot_freed();
  void set_closed();
  bool is_finished() const { return (senders == 0 || closed) && free_slots == max_capacity; }
};

template <class T>
struct StateOf : State {
  using State::State;
  weir::detail::BlockQueue<T> values;

  template <class U>
  absl::Status try_send(U&& value) {
    std::lock_guard lock(mutex);
    absl::Status status = take_slot();
    if (status.ok()) push(T(std::forward<U>(value)));
    return status;
  }
  // A slot that was taken. If the receiver is gone the value is too.
  absl::Status fill_slot(T value) {
    std::lock_guard lock(mutex);
    if (receivers == 0) {
      slot_freed();
      return closed_error();
    }
    push(std::move(value));
    return absl::OkStatus();
  }
  std::size_t pop_many(std::vector<T>& buffer, std::size_t limit) {
    std::lock_guard lock(mutex);
    std::size_t count = 0;
    for (; count < limit && !values.empty(); ++count) buffer.push_back(pop_value());
    return count;
  }
  void drop_receiver() {
    weir::detail::BlockQueue<T> dropped;  // destroyed without the lock: a value may hold an end
    std::lock_guard lock(mutex);
    values.swap(dropped);
    free_slots += dropped.size();
    receivers = 0;
    set_closed();
  }

  // With the mutex held.
  void push(T value) {
    values.push(std::move(value));
    receiving.answer_all();
  }
  T pop_value() {
    T value = values.pop();
    slot_freed();
    return value;
  }
  absl::StatusOr<T> pop() {
    if (!values.empty()) return pop_value();
    if (is_finished()) return absl::AbortedError("the senders are gone");
    return absl::Status(absl::StatusCode::kUnavailable, "");  // without a text: polled, not told
  }
};

template <class T>
using SenderEnd = weir::detail::ChannelEnd<StateOf<T>, &State::add_sender, &State::drop_sender>;
template <class T>
using ReceiverEnd =
    weir::detail::ChannelEnd<StateOf<T>, &State::add_receiver, &StateOf<T>::drop_receiver>;

// Waits for a slot.
class TakeSlot : public weir::detail::QueuedWaiter {
 public:
  TakeSlot(State& state, std::source_location where)
      : QueuedWaiter(state.sending, "mpsc send", where), state_(state) {}

 protected:
  ~TakeSlot() = default;

  bool is_answered() override;
  bool has_slot() const { return has_slot_; }  // at once
  // For await_resume: OK if there is a slot.
  absl::Status finish();

 private:
  State& state_;
  bool has_slot_ = false;
};

}  // namespace weir::mpsc::detail
