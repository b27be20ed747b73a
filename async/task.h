// SPDX-License-Identifier: Apache-2.0
#pragma once

// Task<T>: a coroutine that has not begun yet. Tokio: an `async fn`'s future.
//
//     Task<absl::StatusOr<User>> find(int64_t id);
//     absl::StatusOr<User> user = co_await find(42);
//
// Lazy: it begins when it is awaited (or given to join, select, JoinSet ...), on the awaiter's
// loop, with the awaiter's Context. An exception comes out of the co_await. Its frame is destroyed
// before the awaiter goes on, so what it held (permits, locks) is released by then.
//
// Traps. Its parameters live in its frame, what they refer to does not: pass by value what the
// caller may not keep. A lambda that is a coroutine keeps its captures in the lambda object, not in
// the frame: `JoinSet::spawn(fn, args...)` and `with_scope(fn)` own both. A Task cannot be
// destroyed between its beginning and its end; the library's scopes see to that.

#include <cassert>
#include <coroutine>
#include <utility>

#include "async/detail/promise.h"

namespace weir {

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;

  // Empty: something to assign to.
  Task() noexcept = default;
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    Task(std::move(other)).swap(*this);
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }
  void swap(Task& other) noexcept { std::swap(coroutine_, other.coroutine_); }

  class Awaiter;
  // Runs the task to its end and yields its result. Once.
  Awaiter operator co_await() && noexcept { return Awaiter(std::exchange(coroutine_, nullptr)); }

  // Machinery for combinators: the suspended coroutine behind the task, still owned by it.
  std::coroutine_handle<promise_type> coroutine() const { return coroutine_; }
  // After its end, once: destroys the frame on the way out, and with it the task's locals.
  T take() {
    const Task ended = std::move(*this);
    return ended.coroutine_.promise().take();
  }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_ = nullptr;
};

template <class T>
class Task<T>::Awaiter {
 public:
  explicit Awaiter(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {
    assert(coroutine_);
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    coroutine_.promise().inherit(parent.promise(), parent);
    return coroutine_;
  }
  T await_resume() { return Task(coroutine_).take(); }

 private:
  // Owned until await_resume, which always comes: what awaits is not destroyed.
  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// Looks at the promise of the coroutine that awaits it; never suspends.
template <class Look>
class LookAtPromise {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    promise_ = &self.promise();
    return false;
  }
  decltype(auto) await_resume() const noexcept { return Look()(*promise_); }

 private:
  PromiseBase* promise_ = nullptr;
};

struct LookAtContext {
  const Context& operator()(PromiseBase& promise) const { return promise.context(); }
};
struct LookAtTask {
  PromiseBase& operator()(PromiseBase& promise) const { return promise; }
};

}  // namespace detail

// The context of the task that awaits it. Never suspends.
[[nodiscard]] inline detail::LookAtPromise<detail::LookAtContext> this_context() { return {}; }

// The task that awaits it, as the parent of a JoinSet. Never suspends.
using CurrentTask = detail::PromiseBase;
[[nodiscard]] inline detail::LookAtPromise<detail::LookAtTask> this_task() { return {}; }

}  // namespace weir
