// SPDX-License-Identifier: Apache-2.0
#pragma once

// Awaits a task under a context that is not its awaiter's own.

#include <coroutine>
#include <utility>

#include "async/task.h"

namespace weir::detail {

// `context` must outlive the await.
template <class T>
class Under {
 public:
  Under(const Context& context, Task<T> task) : context_(context), task_(std::move(task)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    task_.coroutine().promise().start_awaited(context_, parent.promise(), parent);
    return task_.coroutine();
  }
  T await_resume() { return task_.take(); }

 private:
  const Context& context_;
  Task<T> task_;
};

}  // namespace weir::detail
