// SPDX-License-Identifier: Apache-2.0
#pragma once

// broadcast: every receiver gets every value, from when it subscribed. Tokio:
// tokio::sync::broadcast.
//
//     auto [sender, receiver] = broadcast::channel<Event>(64);
//     broadcast::Receiver<Event> other = sender.subscribe();
//     sender.send(event);                                        // never waits
//     absl::StatusOr<Event> event = co_await receiver.recv();
//
// The channel keeps the last n values. A receiver that lags behind by more loses the oldest, and is
// told so: recv yields DATA_LOSS once, missed() says how many were lost, and the next recv goes on
// with the oldest there is. recv yields ABORTED when every sender is gone and all was received;
// CANCELLED or DEADLINE_EXCEEDED when the task was told to stop, and then nothing is lost, also in
// a `select` whose other side wins at the same time.
//
// send returns how many receivers there are; with none the value is dropped. All who wait are woken
// by each value, in the order they came. A value is destroyed when the last receiver it was sent to
// has received it or is gone, or when it is overwritten.
//
// Thread: a Sender on any, also shared; each Receiver on one at a time. What was done before a send
// is visible to who receives it. The channel is one allocation and its ring; to send and to wait
// allocate nothing.
//
// Trap: values are copied with the channel locked: keep large ones behind a shared_ptr<const T>.
// Tokio rounds n up to a power of two; here it is n.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/detail/channel_state.h"

namespace weir::broadcast {
namespace detail {

// The values from `oldest()` to `sent` are in the ring; a position is a value's number.
template <class T>
struct State : weir::detail::ChannelState {
  struct Slot {
    std::optional<T> value;
    std::size_t unread = 0;  // the receivers it was sent to that have not got it
  };

  explicit State(std::size_t capacity) : ring(capacity) {}

  std::vector<Slot> ring;
  std::uint64_t sent = 0;

  Slot& slot(std::uint64_t position) { return ring[position % ring.size()]; }
  std::uint64_t oldest() const { return sent > ring.size() ? sent - ring.size() : 0; }

  std::size_t send(T value) {
    std::optional<T> old(std::move(value));  // goes without the lock: a value may hold an end
    std::lock_guard lock(mutex);
    if (receivers == 0) return 0;
    Slot& next = slot(sent++);
    next.value.swap(old);
    next.unread = receivers;
    receiving.answer_all();
    return receivers;
  }

  // What a receiver at `position` gets next, with the mutex held.
  absl::StatusOr<T> take(std::uint64_t& position, std::uint64_t& missed) {
    if (position < oldest()) {
      missed = oldest() - position;
      position = oldest();
      return absl::DataLossError("missed " + std::to_string(missed) + " values");
    }
    if (position == sent) {
      if (senders == 0) return absl::AbortedError("the senders are gone");
      return absl::Status(absl::StatusCode::kUnavailable, "");  // without a text: polled, not told
    }
    Slot& next = slot(position++);
    if (--next.unread > 0) return *next.value;
    return *std::exchange(next.value, std::nullopt);
  }

  std::uint64_t subscribe() {
    std::lock_guard lock(mutex);
    ++receivers;
    closed = false;
    return sent;
  }
  void unsubscribe(std::uint64_t position) {
    std::uint64_t end = 0;
    {
      std::lock_guard lock(mutex);
      end = sent;
      if (--receivers == 0) set_closed();
    }
    while (position < end) {
      std::optional<T> last;  // goes without the lock
      std::lock_guard lock(mutex);
      position = std::max(position, oldest());
      if (position < end && --slot(position).unread == 0) last.swap(slot(position).value);
      ++position;
    }
  }
};

}  // namespace detail

template <class T>
class Receiver {
 public:
  explicit Receiver(std::shared_ptr<detail::State<T>> state)
      : state_(std::move(state)), position_(state_->subscribe()) {}
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver other) noexcept {
    std::swap(state_, other.state_);
    std::swap(position_, other.position_);
    std::swap(missed_, other.missed_);
    return *this;
  }
  ~Receiver() {
    if (state_ != nullptr) state_->unsubscribe(position_);
  }

  class Recv;
  // co_await yields StatusOr<T>.
  [[nodiscard]] Recv recv(std::source_location where = std::source_location::current()) {
    return Recv(*this, where);
  }
  // UNAVAILABLE if there is nothing new.
  absl::StatusOr<T> try_recv() {
    std::lock_guard lock(state_->mutex);
    return take();
  }
  // How many values were lost at the last DATA_LOSS.
  std::uint64_t missed() const { return missed_; }
  // Another receiver, of what is sent from now on.
  Receiver resubscribe() const { return Receiver(state_); }

 private:
  absl::StatusOr<T> take() { return state_->take(position_, missed_); }

  std::shared_ptr<detail::State<T>> state_;
  std::uint64_t position_;
  std::uint64_t missed_ = 0;
};

template <class T>
class [[nodiscard]] Receiver<T>::Recv final : public weir::detail::QueuedWaiter {
 public:
  Recv(Receiver& receiver, std::source_location where)
      : QueuedWaiter(receiver.state_->receiving, "broadcast", where), receiver_(receiver) {}

  absl::StatusOr<T> await_resume() {
    absl::Status status = finish();
    if (status.ok()) status = cancelled_meanwhile();
    if (!status.ok()) return status;
    std::lock_guard lock(mutex());
    return receiver_.take();
  }

 private:
  bool is_answered() override {
    const detail::State<T>& state = *receiver_.state_;
    return receiver_.position_ != state.sent || state.senders == 0;
  }
  Receiver& receiver_;
};

template <class T>
class Sender {
 public:
  explicit Sender(std::shared_ptr<detail::State<T>> state) : end_(std::move(state)) {}

  // Never waits. To how many receivers it was sent.
  std::size_t send(T value) const { return end_->send(std::move(value)); }

  // A receiver of what is sent from now on.
  Receiver<T> subscribe() const { return Receiver<T>(end_.state()); }
  std::size_t receiver_count() const {
    std::lock_guard lock(end_->mutex);
    return end_->receivers;
  }
  // co_await yields OK once there is no receiver.
  [[nodiscard]] auto closed(std::source_location where = std::source_location::current()) const {
    return end_->wait_until_closed(where);
  }

 private:
  weir::detail::SenderEnd<detail::State<T>> end_;
};

// Keeps the last `capacity` values, at least one.
template <class T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
  assert(capacity > 0);
  auto state = std::make_shared<detail::State<T>>(capacity);
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace weir::broadcast
