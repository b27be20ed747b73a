// SPDX-License-Identifier: Apache-2.0
#pragma once

// StreamOperation: the read or the write of a stream that is under way, apart from the wait for it.
//
// gRPC has no way to take an operation back, but whoever waits for one may be told to stop, by a
// timeout around the read or a select that something else won. So the operation belongs to the call
// and a wait is only a wait: when one ends early the operation goes on, and the next wait is for
// the same one.
//
// Trap: it, and what it reads into, must live until it has ended (grpc#12409). Thread: the loop's
// own.

#include <coroutine>
#include <source_location>
#include <utility>

#include "async/detail/waiter.h"
#include "rpc/tag.h"

namespace weir::rpc::detail {

class StreamOperation final : Tag {
 public:
  explicit StreamOperation(const char* what) : what_(what) {}

  // Of the last one that has ended; true before the first.
  bool ok() const { return ok_; }

  // `begin` is given the tag. The one before must have ended.
  template <class Begin>
  void start(const Begin& begin) {
    is_pending_ = true;
    begin(static_cast<void*>(static_cast<Tag*>(this)));
  }

  class Ended;
  // co_await yields OK when the operation has ended, at once if none is under way; or the status of
  // the waiting task's own end. One waiter at a time. It goes on at the loop's next round: by then
  // what came with the operation's end, such as the end of the call, is known as well.
  [[nodiscard]] Ended ended(std::source_location where = std::source_location::current());

 private:
  void complete(bool ok) override;

  const char* const what_;
  bool is_pending_ = false;
  bool ok_ = true;
  Ended* waiter_ = nullptr;
};

class StreamOperation::Ended final : weir::detail::Waiter {
 public:
  Ended(StreamOperation& operation, std::source_location where)
      : operation_(operation), where_(where) {}

  bool await_ready() const noexcept { return !operation_.is_pending_; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    reason_ = self.promise().context().scope().reason();
    if (reason_ != CancelReason::kNone) return false;
    suspended_ = true;
    began(self, operation_.what_, where_);
    operation_.waiter_ = this;
    watch_cancellation();
    return true;
  }
  absl::Status await_resume() {
    ended();
    if (!suspended_) return to_status(reason_);
    if (operation_.waiter_ == this) operation_.waiter_ = nullptr;
    // It has ended, and so has the select around this wait: the next wait is for what it brought.
    if (reason_ == CancelReason::kNone && context().scope().is_abandoned()) {
      return to_status(CancelReason::kCancelled);
    }
    return to_status(reason_);
  }

 private:
  friend StreamOperation;
  void operation_ended() {
    if (claim()) complete();
  }
  void on_cancel(CancelReason reason) override {
    if (!claim()) return;
    reason_ = reason;
    complete();
  }

  StreamOperation& operation_;
  const std::source_location where_;
  CancelReason reason_ = CancelReason::kNone;
  bool suspended_ = false;
};

inline StreamOperation::Ended StreamOperation::ended(std::source_location where) {
  return Ended(*this, where);
}

inline void StreamOperation::complete(bool ok) {
  ok_ = ok;
  is_pending_ = false;
  if (Ended* waiter = std::exchange(waiter_, nullptr)) waiter->operation_ended();
}

}  // namespace weir::rpc::detail
