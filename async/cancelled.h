// SPDX-License-Identifier: Apache-2.0
#pragma once

// cancelled(token): wait until a token is cancelled. Tokio: CancellationToken::cancelled.
//
//     absl::Status status = co_await cancelled(token);
//
// OK once `token` is cancelled; CANCELLED or DEADLINE_EXCEEDED when the waiting task itself was
// told to stop first.
//
// Thread: the token may be cancelled from any; the waiter goes on from its own loop, never inside
// `cancel`. Waiting allocates nothing.

#include <coroutine>
#include <source_location>
#include <utility>

#include "absl/status/status.h"
#include "async/detail/waiter.h"

namespace weir {
namespace detail {

class Cancelled final : Waiter {
 public:
  Cancelled(CancellationToken token, std::source_location where)
      : token_(std::move(token)), where_(where), listener_(*this) {}

  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    if (token_.is_cancelled()) return false;
    reason_ = self.promise().context().scope().reason();
    if (reason_ != CancelReason::kNone) return false;
    began(self, "cancelled", where_);
    token_.scope().add(listener_);
    watch_cancellation();
    return true;
  }

  absl::Status await_resume() {
    token_.scope().remove(listener_);
    ended();
    return to_status(reason_);
  }

 private:
  class Listener final : public CancelCallback {
   public:
    explicit Listener(Cancelled& waiter) : waiter_(waiter) {}
    void on_cancel(CancelReason) override {
      if (waiter_.claim()) waiter_.complete();
    }

   private:
    Cancelled& waiter_;
  };

  void on_cancel(CancelReason reason) override {
    if (!claim()) return;
    reason_ = reason;
    complete();
  }

  const CancellationToken token_;
  const std::source_location where_;
  CancelReason reason_ = CancelReason::kNone;
  Listener listener_;
};

}  // namespace detail

[[nodiscard]] inline detail::Cancelled cancelled(
    CancellationToken token, std::source_location where = std::source_location::current()) {
  return detail::Cancelled(std::move(token), where);
}

}  // namespace weir
