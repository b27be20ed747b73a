// SPDX-License-Identifier: Apache-2.0
#pragma once

// mpsc: a queue of values from many senders to one receiver. Tokio: tokio::sync::mpsc.
//
//     auto [sender, receiver] = mpsc::channel<Job>(16);
//     absl::Status sent = co_await sender.send(job);         // waits while 16 are in the channel
//     absl::StatusOr<Job> job = co_await receiver.recv();    // waits while it is empty
//
// Values of one sender arrive in their order. Senders that wait for room get it first come, first
// served, and nobody overtakes them. Copy a Sender for each who sends.
//
// send, reserve: FAILED_PRECONDITION when the receiver is gone or has closed the channel. recv:
// ABORTED when the channel is empty and nothing will come any more: every sender was dropped, or it
// was closed and every permit given out is used or returned. Both: CANCELLED or DEADLINE_EXCEEDED
// when the task was told to stop. Dropping the receiver drops what is in the channel.
//
// A cancelled recv leaves the values in the channel, a cancelled send sends nothing; also in a
// `select` whose other side wins at the same time. The value given to a send that fails is gone: to
// keep it, `reserve` first (Tokio says the same of its send), or try_send, which takes only what it
// sends.
//
// Thread: a Sender on any, also shared; the Receiver on one at a time. What was done before a send
// is visible to who receives it. Allocates blocks of 32 values, one of them kept for reuse; to wait
// allocates nothing.
//
// Trap: unbounded_channel only where something else bounds what is sent: it takes all, until memory
// ends. Two tasks that send to each other through full channels wait for ever.

#include <cassert>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/detail/mpsc_state.h"
#include "async/task.h"

namespace weir::mpsc {

// Room for one value in a channel, given back on destruction if nothing was sent.
template <class T>
class [[nodiscard]] Permit {
 public:
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Permit() {
    if (state_ != nullptr) state_->return_slot();
  }

  // Once. Never waits and never fails; if the receiver is gone the value is dropped.
  void send(T value) { (void)std::exchange(state_, nullptr)->fill_slot(std::move(value)); }

 private:
  template <class>
  friend class Sender;
  explicit Permit(std::shared_ptr<detail::StateOf<T>> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::StateOf<T>> state_;
};

template <class T>
class Sender {
 public:
  explicit Sender(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  class Send;
  class Reserve;
  // co_await yields a Status.
  [[nodiscard]] Send send(T value,
                          std::source_location where = std::source_location::current()) const {
    return Send(*end_, std::move(value), where);
  }
  // co_await yields StatusOr<Permit<T>>: room that is this caller's, to send into later.
  [[nodiscard]] Reserve reserve(
      std::source_location where = std::source_location::current()) const {
    return Reserve(end_.state(), where);
  }

  // Now or not at all: RESOURCE_EXHAUSTED if there is no room, or others wait for it. Moves from
  // `value` only if it was sent.
  template <class U>
  absl::Status try_send(U&& value) const {
    return end_->try_send(std::forward<U>(value));
  }
  absl::StatusOr<Permit<T>> try_reserve() const {
    absl::Status status = end_->try_take_slot();
    if (!status.ok()) return status;
    return Permit<T>(end_.state());
  }

  // co_await yields OK once nobody will receive what is sent.
  [[nodiscard]] auto closed(std::source_location where = std::source_location::current()) const {
    return end_->wait_until_closed(where);
  }
  bool is_closed() const { return end_->is_closed(); }
  // For how many values there is room now, and in all.
  std::size_t capacity() const { return end_->capacity(); }
  std::size_t max_capacity() const { return end_->max_capacity; }

 private:
  detail::SenderEnd<T> end_;
};

template <class T>
class UnboundedSender {
 public:
  explicit UnboundedSender(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  // Never waits. FAILED_PRECONDITION when nobody will receive it. Moves from `value` only if it was
  // sent.
  template <class U>
  absl::Status send(U&& value) const {
    return end_->try_send(std::forward<U>(value));
  }
  [[nodiscard]] auto closed(std::source_location where = std::source_location::current()) const {
    return end_->wait_until_closed(where);
  }
  bool is_closed() const { return end_->is_closed(); }

 private:
  detail::SenderEnd<T> end_;
};

template <class T>
class Receiver {
 public:
  explicit Receiver(std::shared_ptr<detail::StateOf<T>> state) : end_(std::move(state)) {}

  class Recv;
  // co_await yields StatusOr<T>. One at a time.
  [[nodiscard]] Recv recv(std::source_location where = std::source_location::current()) {
    return Recv(*end_, where);
  }
  // UNAVAILABLE if the channel is empty now, ABORTED if for good.
  absl::StatusOr<T> try_recv() {
    std::lock_guard lock(end_->mutex);
    return end_->pop();
  }
  // Waits for one value, and appends it and what else is there, up to `limit` values, to `buffer`.
  // Yields how many. For those who handle many at once.
  Task<absl::StatusOr<std::size_t>> recv_many(std::vector<T>& buffer, std::size_t limit) {
    if (limit == 0) co_return std::size_t{0};
    absl::StatusOr<T> first = co_await recv();
    if (!first.ok()) co_return first.status();
    buffer.push_back(*std::move(first));
    co_return 1 + end_->pop_many(buffer, limit - 1);
  }

  // Sends no longer succeed, but for the permits given out; what is in the channel stays.
  void close() { end_->close(); }
  bool is_closed() const { return end_->is_closed(); }
  std::size_t size() const {
    std::lock_guard lock(end_->mutex);
    return end_->values.size();
  }

 private:
  weir::detail::SoleEnd<detail::ReceiverEnd<T>> end_;
};

template <class T>
class [[nodiscard]] Sender<T>::Send final : public detail::TakeSlot {
 public:
  Send(detail::StateOf<T>& state, T value, std::source_location where)
      : TakeSlot(state, where), state_(state), value_(std::move(value)) {}

  absl::Status await_resume() {
    absl::Status status = finish();
    if (!status.ok() || sent_) return status;
    return state_.fill_slot(std::move(value_));
  }

 private:
  bool is_answered() override {
    if (!TakeSlot::is_answered()) return false;
    if (has_slot()) {
      state_.push(std::move(value_));
      sent_ = true;
    }
    return true;
  }

  detail::StateOf<T>& state_;
  T value_;
  bool sent_ = false;
};

template <class T>
class [[nodiscard]] Sender<T>::Reserve final : public detail::TakeSlot {
 public:
  Reserve(std::shared_ptr<detail::StateOf<T>> state, std::source_location where)
      : TakeSlot(*state, where), state_(std::move(state)) {}

  absl::StatusOr<Permit<T>> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return Permit<T>(std::move(state_));
  }

 private:
  std::shared_ptr<detail::StateOf<T>> state_;
};

template <class T>
class [[nodiscard]] Receiver<T>::Recv final : public weir::detail::QueuedWaiter {
 public:
  Recv(detail::StateOf<T>& state, std::source_location where)
      : QueuedWaiter(state.receiving, "mpsc recv", where), state_(state) {}

  absl::StatusOr<T> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    if (value_.has_value()) return *std::move(value_);
    status = cancelled_meanwhile();
    if (!status.ok()) return status;
    std::lock_guard lock(mutex());
    return state_.pop();
  }

 private:
  bool is_answered() override {
    if (!state_.values.empty()) {
      value_ = state_.pop_value();
      return true;
    }
    assert(state_.receiving.empty());
    return state_.is_finished();
  }

  detail::StateOf<T>& state_;
  std::optional<T> value_;  // if it was there at once
};

// Holds at most `capacity` values and permits, at least one.
template <class T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
  assert(capacity > 0);
  auto state = std::make_shared<detail::StateOf<T>>(capacity);
  return {Sender<T>(state), Receiver<T>(state)};
}

template <class T>
std::pair<UnboundedSender<T>, Receiver<T>> unbounded_channel() {
  auto state = std::make_shared<detail::StateOf<T>>(std::numeric_limits<std::size_t>::max());
  return {UnboundedSender<T>(state), Receiver<T>(state)};
}

}  // namespace weir::mpsc
