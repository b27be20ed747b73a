// SPDX-License-Identifier: Apache-2.0
#pragma once

// oneshot: one value, once, from one task or thread to another. Tokio: tokio::sync::oneshot.
//
//     auto [sender, receiver] = oneshot::channel<int>();
//     sender.send(42);                                          // any thread
//     absl::StatusOr<int> value = co_await receiver.receive();
//
// receive yields ABORTED when no value will come (the sender was dropped, or the receiver closed
// the channel), CANCELLED or DEADLINE_EXCEEDED when the receiving task was told to stop. A value
// that is there already is given to it all the same; a wait that is cancelled leaves the value in
// the channel, where it can be received again: nothing is lost. send returns false, and drops the
// value, if the receiver is gone or closed the channel; then sender.closed() ends with OK.
//
// Thread: each half on one thread at a time, the two on any two; what was done before send is
// visible after receive. One allocation a channel, none to wait.
//
// Where Tokio awaits the receiver itself, `rx.await`, a name is called here: `rx.receive()`.

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>

#include "absl/status/statusor.h"
#include "async/detail/channel_state.h"

namespace weir::oneshot {
namespace detail {

// The part of the channel that does not know the type of the value.
struct State : weir::detail::ChannelState {
  bool has_value = false;
  // With the mutex held: there is a value, or none will come.
  bool is_settled() const { return has_value || senders == 0 || closed; }
  // Whether the value was there; from here on it is the caller's.
  bool take();
};

template <class T>
struct StateOf : State {
  std::optional<T> value;

  absl::StatusOr<T> take_value() {
    if (!take()) return absl::AbortedError("no value was sent, and none will be");
    return *std::exchange(value, std::nullopt);
  }
};

class Receive : public weir::detail::QueuedWaiter {
 public:
  Receive(State& state, std::source_location where)
      : QueuedWaiter(state.receiving, "oneshot", where), state_(state) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return suspend_unless_answered(self);
  }

 protected:
  ~Receive() = default;
  absl::Status finish() {
    absl::Status status = QueuedWaiter::finish();
    return status.ok() ? cancelled_meanwhile() : status;
  }

 private:
  bool is_answered() override { return state_.is_settled(); }
  State& state_;
};

}  // namespace detail

template <class T>
class Sender {
 public:
  explicit Sender(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  // Once. False if nobody will receive it.
  bool send(T value) {
    const End end = std::move(end_);
    std::lock_guard lock(end->mutex);
    if (end->closed) return false;
    end->value.emplace(std::move(value));
    end->has_value = true;
    end->receiving.answer_all();
    return true;
  }

  // co_await yields OK once nobody will receive: no need to go on working for it.
  [[nodiscard]] auto closed(std::source_location where = std::source_location::current()) {
    return end_->wait_until_closed(where);
  }
  bool is_closed() const { return end_->is_closed(); }

 private:
  using End = weir::detail::SoleEnd<weir::detail::SenderEnd<detail::StateOf<T>>>;
  End end_;
};

template <class T>
class Receiver {
 public:
  explicit Receiver(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  class Receive;
  // co_await yields StatusOr<T>.
  [[nodiscard]] Receive receive(std::source_location where = std::source_location::current()) {
    return Receive(*end_, where);
  }
  // UNAVAILABLE if there is no value yet.
  absl::StatusOr<T> try_receive() {
    {
      std::lock_guard lock(end_->mutex);
      if (!end_->is_settled()) return absl::Status(absl::StatusCode::kUnavailable, "");
    }
    return end_->take_value();
  }
  // From here on send returns false. A value sent before can still be received.
  void close() { end_->close(); }

 private:
  weir::detail::SoleEnd<weir::detail::ReceiverEnd<detail::StateOf<T>>> end_;
};

template <class T>
class [[nodiscard]] Receiver<T>::Receive final : public detail::Receive {
 public:
  Receive(detail::StateOf<T>& state, std::source_location where)
      : detail::Receive(state, where), state_(state) {}

  absl::StatusOr<T> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return state_.take_value();
  }

 private:
  detail::StateOf<T>& state_;
};

template <class T>
std::pair<Sender<T>, Receiver<T>> channel() {
  auto state = std::make_shared<detail::StateOf<T>>();
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace weir::oneshot
