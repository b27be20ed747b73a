// SPDX-License-Identifier: Apache-2.0
#pragma once

// Spawned: a task that runs beside its parent instead of below an await: a member of a join, a
// select or a JoinSet.

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "async/task.h"

namespace weir::detail {

template <class T>
using NonVoid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
class Spawned : public Runnable, Completion {
 public:
  explicit Spawned(Task<T> task) : task_(std::move(task)) {}

  // Gives the task its place in the tree, where it waits to begin.
  void link(const Context& context, TaskNode& parent) {
    task_.coroutine().promise().link(context, &parent, *this);
  }
  // Runs it until it first suspends.
  void begin() {
    task_.coroutine().promise().now_runs();
    task_.coroutine().resume();
  }
  TaskNode& node() { return task_.coroutine().promise(); }

  // After the end: its error if it has one, whether it threw, what (once its frame is gone), and
  // its result (once; or throws).
  const absl::Status* error() const {
    if (!is_reaped()) return task_.coroutine().promise().error();
    if constexpr (kIsFallible<T>) {
      if (outcome_.has_value() && !outcome_.value().ok()) return &status_of(outcome_.value());
    }
    return nullptr;
  }
  bool threw() const {
    return is_reaped() ? outcome_.threw() : task_.coroutine().promise().threw();
  }
  const std::exception_ptr& exception() const { return outcome_.exception(); }
  NonVoid<T> take() {
    if (!is_reaped()) reap();
    return outcome_.take();
  }

 protected:
  ~Spawned() = default;

  // The coroutine has stopped and is still suspended in its last await, so its frame must not be
  // destroyed yet: g++ may keep the next coroutine's address in it (gcc PR 121961).
  virtual std::coroutine_handle<> ended() noexcept = 0;

  bool ended_early() const { return !task_.coroutine().done(); }

  // Saves the result and destroys the frame with all it holds. Not within `ended`.
  void reap() {
    const Task<T> gone = std::move(task_);
    auto& promise = gone.coroutine().promise();
    if (promise.threw()) {
      outcome_.fail(promise.exception());
    } else if constexpr (std::is_void_v<T>) {
      outcome_.emplace();
    } else {
      outcome_.emplace(promise.take());
    }
  }

 private:
  std::coroutine_handle<> child_done() noexcept final { return ended(); }
  bool is_reaped() const { return task_.coroutine() == nullptr; }

  Task<T> task_;
  Outcome<NonVoid<T>> outcome_;
};

}  // namespace weir::detail
