// SPDX-License-Identifier: Apache-2.0
#pragma once

// operation: awaits one completion-queue operation. The awaitable is the tag.
//
//     bool ok = co_await operation("finish", [&](void* tag) { responder.Finish(answer, status,
//     tag); });
//
// Yields the event's `ok`. It does not end early when the task is cancelled, because gRPC offers no
// way to take an operation back: what it belongs to (the call) is cancelled, and then it ends soon.
//
// Trap: let the callable capture references only (g++ 12 destroys other captures twice).

#include <coroutine>
#include <source_location>
#include <utility>

#include "async/detail/promise.h"
#include "rpc/tag.h"

namespace weir::rpc {
namespace detail {

template <class Start>
class Operation final : Tag {
 public:
  Operation(const char* what, Start start, std::source_location where) : start_(std::move(start)) {
    wait_.what = what;
    wait_.where = where;
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    coroutine_ = self;
    promise_ = &self.promise();
    wait_.since = promise_->context().loop().turn_time();
    promise_->set_wait(&wait_);
    start_(static_cast<void*>(static_cast<Tag*>(this)));
  }
  bool await_resume() {
    promise_->set_wait(nullptr);
    return ok_;
  }

 private:
  void complete(bool ok) override {
    ok_ = ok;
    promise_->now_runs();
    coroutine_.resume();
  }

  Start start_;
  std::coroutine_handle<> coroutine_;
  weir::detail::PromiseBase* promise_ = nullptr;
  weir::detail::Wait wait_;
  bool ok_ = false;
};

}  // namespace detail

template <class Start>
[[nodiscard]] detail::Operation<Start> operation(
    const char* what, Start start, std::source_location where = std::source_location::current()) {
  return detail::Operation<Start>(what, std::move(start), where);
}

}  // namespace weir::rpc
