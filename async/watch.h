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
// CANCELLED or DEADLINE_EXCEEDED when the task was told to stop, and then nothing is lost.
//
// Thread: a Sender and each Receiver on one thread at a time, any of them on any. Copy a Receiver
// to subscribe again: the copy has seen what the original had.

#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <source_location>
#include <utility>

#include "absl/status/status.h"
#include "async/detail/intrusive_list.h"
#include "async/detail/waiter.h"

namespace weir::watch {
namespace detail {

class Changed;

// The part of the channel that does not know the type of the value.
struct State {
  std::mutex mutex;
  std::uint64_t version = 1;
  bool sender_gone = false;
  weir::detail::IntrusiveList<Changed, Changed> waiters;

  void wake_all();  // with the mutex held
};

class Changed final : weir::detail::Waiter, public weir::detail::ListHook<Changed> {
 public:
  Changed(State& state, std::uint64_t seen, std::source_location where)
      : state_(state), seen_(seen), where_(where) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, "watch", where_);
    if (!enqueue()) return false;
    watch_cancellation();
    return true;
  }
  absl::Status await_resume() {
    ended();
    return status_;
  }

 private:
  friend struct State;
  bool enqueue();
  void settle();  // with the mutex held
  void on_cancel(CancelReason reason) override;

  State& state_;
  const std::uint64_t seen_;
  const std::source_location where_;
  absl::Status status_;
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
  explicit Receiver(std::shared_ptr<detail::StateOf<T>> state) : state_(std::move(state)) {}

  [[nodiscard]] detail::Changed changed(
      std::source_location where = std::source_location::current()) {
    return detail::Changed(*state_, seen_, where);
  }
  T get() {
    std::lock_guard lock(state_->mutex);
    seen_ = state_->version;
    return state_->value;
  }

 private:
  std::shared_ptr<detail::StateOf<T>> state_;
  std::uint64_t seen_ = 0;  // the initial value counts as not yet seen
};

template <class T>
class Sender {
 public:
  explicit Sender(std::shared_ptr<detail::StateOf<T>> state) : state_(std::move(state)) {}
  Sender(Sender&&) noexcept = default;
  Sender& operator=(Sender&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Sender() {
    if (state_ == nullptr) return;
    std::lock_guard lock(state_->mutex);
    state_->sender_gone = true;
    state_->wake_all();
  }

  void send(T value) {
    std::lock_guard lock(state_->mutex);
    state_->value = std::move(value);
    ++state_->version;
    state_->wake_all();
  }
  T get() const {
    std::lock_guard lock(state_->mutex);
    return state_->value;
  }
  // A reader that has seen nothing yet.
  Receiver<T> subscribe() const { return Receiver<T>(state_); }

 private:
  std::shared_ptr<detail::StateOf<T>> state_;
};

template <class T>
std::pair<Sender<T>, Receiver<T>> channel(T initial) {
  auto state = std::make_shared<detail::StateOf<T>>(std::move(initial));
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace weir::watch
