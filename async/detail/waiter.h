// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waiter: the base of every leaf, the awaitables that really suspend (sleep, acquire, receive ...).
// It lives in the waiting coroutine's frame, so waiting allocates nothing.
//
// The life of a wait, all on the waiter's own loop but for the completion:
//   1. await_suspend: `began` says what is awaited, the leaf puts itself where its event will find
//      it, then `watch_cancellation`. Completion may come at once from another thread: it only
//      posts, and this loop is busy suspending, so the frame is safe until await_suspend returns.
//   2. exactly one party wins the right to complete it, by a lock of the leaf's or by `claim`, and
//      calls `complete`.
//   3. await_resume: `ended` forgets the cancellation; after it nothing refers to the frame.

#include <atomic>
#include <coroutine>
#include <source_location>

#include "async/cancellation.h"
#include "async/context.h"
#include "async/detail/promise.h"
#include "async/event_loop.h"

namespace weir::detail {

class Waiter : public Runnable, public CancelCallback {
 protected:
  ~Waiter() = default;

  template <class Promise>
  void began(std::coroutine_handle<Promise> self, const char* what, std::source_location where) {
    promise_ = &self.promise();
    coroutine_ = self;
    wait_.what = what;
    wait_.where = where;
    wait_.since = context().loop().turn_time();
    promise_->set_wait(&wait_);
  }
  void watch_cancellation() {
    context().scope().add(*this);
    watching_ = true;
  }
  // To be called in await_resume whether or not it was suspended.
  void ended() {
    if (promise_ == nullptr) return;
    promise_->set_wait(nullptr);
    if (watching_) context().scope().remove(*this);
  }

  // For leaves without a lock of their own: true for the first caller only. Any thread.
  bool claim() { return !claimed_.exchange(true, std::memory_order_acq_rel); }

  // Resumes the coroutine from its loop. The winner calls it once and touches nothing after.
  // Any thread.
  void complete() { context().loop().post(*this); }

  const Context& context() const { return promise_->context(); }

  void run() override {
    promise_->now_runs();
    coroutine_.resume();
  }

 private:
  PromiseBase* promise_ = nullptr;
  std::coroutine_handle<> coroutine_;
  Wait wait_;
  std::atomic<bool> claimed_ = false;
  bool watching_ = false;
};

}  // namespace weir::detail
