// SPDX-License-Identifier: Apache-2.0
#pragma once

// Root: a task that nobody awaits. Its owner starts it, keeps it and is told of its end.

#include <coroutine>
#include <utility>

#include "async/task.h"

namespace weir::detail {

class Root : Completion {
 public:
  // Loop thread. Runs the task until it first suspends. `context` must outlive it.
  void start(const Context& context, Task<void> task) {
    task_ = std::move(task);
    task_.coroutine().promise().start(context, nullptr, *this);
    task_.coroutine().resume();
  }

  // After the end: throws what the task threw.
  void rethrow() { task_.coroutine().promise().take(); }

 protected:
  Root() = default;
  ~Root() = default;

  // The task has ended; its frame goes with this object, which must not be destroyed in here.
  virtual void ended() noexcept = 0;

 private:
  std::coroutine_handle<> child_done() noexcept final {
    ended();
    return std::noop_coroutine();
  }

  Task<void> task_;
};

}  // namespace weir::detail
