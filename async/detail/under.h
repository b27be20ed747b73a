// SPDX-License-Identifier: Apache-2.0
#pragma once

// Awaits a task under a context that is not its awaiter's own.

#include <coroutine>
#include <utility>

#include "async/task.h"

namespace weir::detail {

// `context` must outlive the await.
template <class T>
class Under final : Completion {
 public:
  Under(const Context& context, Task<T> task) : context_(context), task_(std::move(task)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    parent_ = parent;
    task_.coroutine().promise().start(context_, &parent.promise(), *this);
    return task_.coroutine();
  }
  T await_resume() {
    const Task<T> ended = std::move(task_);
    return ended.coroutine().promise().take();
  }

 private:
  std::coroutine_handle<> child_done() noexcept override { return parent_; }

  const Context& context_;
  Task<T> task_;
  std::coroutine_handle<> parent_;
};

}  // namespace weir::detail
