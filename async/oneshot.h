// SPDX-License-Identifier: Apache-2.0
#pragma once

// oneshot: one value, once, from one task or thread to another. Tokio: tokio::sync::oneshot.
//
//     auto [sender, receiver] = oneshot::channel<int>();
//     sender.send(42);                                          // any thread
//     absl::StatusOr<int> value = co_await receiver.receive();
//
// receive yields ABORTED when the sender was dropped without sending, CANCELLED or
// DEADLINE_EXCEEDED when the receiving task was told to stop; after those the value, if it comes,
// can be received again. send returns false, and drops the value, if the receiver is gone.
//
// Thread: each half on one thread at a time, the two on any two. One allocation a channel.

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>

#include "absl/status/statusor.h"
#include "async/detail/waiter.h"

namespace weir::oneshot {
namespace detail {

class Receive;

// The part of the channel that does not know the type of the value.
struct State {
  std::mutex mutex;
  Receive* waiter = nullptr;
  bool has_value = false;
  bool sender_gone = false;
  bool receiver_gone = false;

  // With the mutex held.
  void wake_receiver();
};

template <class T>
struct StateOf : State {
  std::optional<T> value;
};

class Receive : weir::detail::Waiter {
 public:
  Receive(State& state, std::source_location where) : state_(state), where_(where) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    if (is_settled()) return false;
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, "oneshot", where_);
    if (!enqueue()) return false;
    watch_cancellation();
    return true;
  }

 protected:
  ~Receive() = default;
  absl::Status finish();

 private:
  friend struct State;
  bool is_settled() const;
  bool enqueue();
  void on_cancel(CancelReason reason) override;

  State& state_;
  const std::source_location where_;
  absl::Status status_;
};

}  // namespace detail

template <class T>
class Sender {
 public:
  explicit Sender(std::shared_ptr<detail::StateOf<T>> state) : state_(std::move(state)) {}
  Sender(Sender&&) noexcept = default;
  Sender& operator=(Sender&& other) noexcept {
    drop();
    state_ = std::move(other.state_);
    return *this;
  }
  ~Sender() { drop(); }

  // Once. False if nobody will receive it.
  bool send(T value) {
    const auto state = std::exchange(state_, nullptr);
    std::lock_guard lock(state->mutex);
    if (state->receiver_gone) return false;
    state->value.emplace(std::move(value));
    state->has_value = true;
    state->wake_receiver();
    return true;
  }
  // Whether the receiver was dropped: no need to go on working for it.
  bool is_closed() const {
    std::lock_guard lock(state_->mutex);
    return state_->receiver_gone;
  }

 private:
  void drop() {
    if (state_ == nullptr) return;
    std::lock_guard lock(state_->mutex);
    state_->sender_gone = true;
    state_->wake_receiver();
  }
  std::shared_ptr<detail::StateOf<T>> state_;
};

template <class T>
class Receiver {
 public:
  explicit Receiver(std::shared_ptr<detail::StateOf<T>> state) : state_(std::move(state)) {}
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver&& other) noexcept {
    drop();
    state_ = std::move(other.state_);
    return *this;
  }
  ~Receiver() { drop(); }

  class Receive;
  // co_await yields StatusOr<T>.
  [[nodiscard]] Receive receive(std::source_location where = std::source_location::current()) {
    return Receive(*state_, where);
  }

 private:
  void drop() {
    if (state_ == nullptr) return;
    std::lock_guard lock(state_->mutex);
    state_->receiver_gone = true;
  }
  std::shared_ptr<detail::StateOf<T>> state_;
};

template <class T>
class Receiver<T>::Receive final : public detail::Receive {
 public:
  Receive(detail::StateOf<T>& state, std::source_location where)
      : detail::Receive(state, where), state_(state) {}

  absl::StatusOr<T> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    std::lock_guard lock(state_.mutex);
    return *std::exchange(state_.value, std::nullopt);
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
