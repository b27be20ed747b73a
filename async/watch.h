// SPDX-License-Identifier: Apache-2.0
#pragma once

// watch: the latest value of something, for any number of readers. Tokio: tokio::sync::watch.
//
//     auto [sender, receiver] = watch::channel(Status::kServing);
//     sender.send(Status::kDraining);                         // any thread
//     absl::Status changed = co_await receiver.changed();     // OK: there is a value not yet seen
//     Status now = receiver.get();                            // a copy, from here on seen
//
// A slow reader skips to the latest: values in between are not kept. changed() is OK at once if a
// value came since the last get(); ABORTED when the sender is gone and its last value was seen;
// CANCELLED or DEADLINE_EXCEEDED when the task was told to stop, and then nothing is lost. All who
// wait are woken by each value, in the order they came.
//
// Thread: a Sender and each Receiver on one thread at a time, any of them on any; what was done
// before send is visible to who gets the value. One allocation a channel, none to wait. Copy a
// Receiver to subscribe again: the copy has seen what the original had.
//
// Trap: values are copied with the channel locked: keep large ones behind a shared_ptr<const T>.
//
// | Tokio                                        | here                                         |
// | `subscribe()` and a new channel's receiver   | not yet seen: the first changed() is OK at   |
// |  count the value that is there as seen       |  once, so that no reader misses a state      |
// | `borrow()` holds a read lock; across an      | `peek()` and `get()` copy, and no guard can  |
// |  await it may deadlock                       |  be held                                     |
// | `send` fails when there is no receiver       | it stores the value for those to come        |

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <source_location>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/detail/channel_state.h"
#include "async/task.h"

namespace weir::watch {
namespace detail {

// The part of the channel that does not know the type of the value.
struct State : weir::detail::ChannelState {
  std::uint64_t version = 1;
};

class [[nodiscard]] Changed final : public weir::detail::QueuedWaiter {
 public:
  Changed(State& state, std::uint64_t seen, std::source_location where)
      : QueuedWaiter(state.receiving, "watch", where), state_(state), seen_(seen) {}
  absl::Status await_resume();

 private:
  bool is_answered() override { return state_.version != seen_ || state_.senders == 0; }

  State& state_;
  const std::uint64_t seen_;
};

template <class T>
struct StateOf : State {
  explicit StateOf(T initial) : value(std::move(initial)) {}
  T value;
};

}  // namespace detail

template <class T>
class Receiver {
 public:
  explicit Receiver(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  // co_await yields a Status.
  [[nodiscard]] detail::Changed changed(
      std::source_location where = std::source_location::current()) {
    return detail::Changed(*end_, seen_, where);
  }
  bool has_changed() const {
    std::lock_guard lock(end_->mutex);
    return end_->version != seen_;
  }

  // The value, from here on seen. Tokio: borrow_and_update.
  T get() {
    std::lock_guard lock(end_->mutex);
    seen_ = end_->version;
    return end_->value;
  }
  // The value, seen or not as before. Tokio: borrow.
  T peek() const {
    std::lock_guard lock(end_->mutex);
    return end_->value;
  }

  // Waits for a value, this one or a later one, of which `wanted(value)` is true, and yields it.
  // Values that are skipped are not asked about. Errors as changed().
  template <class Predicate>
  Task<absl::StatusOr<T>> wait_for(Predicate wanted) {
    for (;;) {
      T value = get();
      if (wanted(std::as_const(value))) co_return std::move(value);
      absl::Status status = co_await changed();
      if (!status.ok()) co_return status;
    }
  }

 private:
  weir::detail::ReceiverEnd<detail::StateOf<T>> end_;
  std::uint64_t seen_ = 0;  // the initial value counts as not yet seen
};

template <class T>
class Sender {
 public:
  explicit Sender(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  void send(T value) {
    modify([&](T& current) { std::swap(current, value); });  // the old one goes without the lock
  }
  // Changes the value in place, with the channel locked. Tokio: send_modify.
  template <class F>
  void modify(F change) {
    send_if_modified([&](T& value) {
      change(value);
      return true;
    });
  }
  // The same, if `change` returns that it did.
  template <class F>
  bool send_if_modified(F change) {
    std::lock_guard lock(end_->mutex);
    if (!change(end_->value)) return false;
    ++end_->version;
    end_->receiving.answer_all();
    return true;
  }
  T get() const {
    std::lock_guard lock(end_->mutex);
    return end_->value;
  }

  // A reader that has seen nothing yet.
  Receiver<T> subscribe() const { return Receiver<T>(end_.state()); }
  std::size_t receiver_count() const {
    std::lock_guard lock(end_->mutex);
    return end_->receivers;
  }
  // Nobody reads, until somebody subscribes. co_await yields OK once it is so.
  [[nodiscard]] auto closed(std::source_location where = std::source_location::current()) {
    return end_->wait_until_closed(where);
  }
  bool is_closed() const { return end_->is_closed(); }

 private:
  weir::detail::SoleEnd<weir::detail::SenderEnd<detail::StateOf<T>>> end_;
};

template <class T>
std::pair<Sender<T>, Receiver<T>> channel(T initial) {
  auto state = std::make_shared<detail::StateOf<T>>(std::move(initial));
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace weir::watch
