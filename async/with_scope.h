// SPDX-License-Identifier: Apache-2.0
#pragma once

// with_scope: a lexical scope for background tasks; it ends when the last of them has. Tokio: a
// JoinSet whose results are checked, or TaskTracker with a CancellationToken (Trio: a nursery).
//
//     absl::Status status = co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
//       scope.spawn(refresh(cache));
//       scope.spawn(heartbeat());
//       co_return co_await serve();
//     });
//
// The body and the tasks stand and fall together: the first error, of any of them, asks all others
// to stop and becomes the result; what they answer after it is dropped. No failure goes unnoticed,
// no task outlives the scope, on any path out. Where a task's error must not end the scope, spawn
// `report_errors(task)`: see async/lost_error.h.
//
// Thread: its loop's own; run_on takes a task to another. Allocates one block a task, as JoinSet.
// Trap: when the body returns, the scope waits for the tasks; `scope.cancel()` first if they are to
// stop. Locals of the body are gone by then: tasks may refer to what is outside the with_scope.

#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "async/join_set.h"

namespace weir {

// Where the tasks of one with_scope live. Thread: its loop's own.
class TaskScope {
 public:
  TaskScope(CurrentTask& parent, std::source_location where) : set_(parent, where) {}

  void spawn(Task<absl::Status> task) { set_.spawn(std::move(task)); }
  void spawn(Task<void> task) { set_.spawn(ok_after(std::move(task))); }
  // Owns the callable and its arguments.
  template <class F, class... Args>
    requires std::is_invocable_v<F&, Args...>
  void spawn(F fn, Args... args) {
    spawn(detail::call_owned(std::move(fn), std::move(args)...));
  }

  // Asks the body and every task to stop. That they then end with CANCELLED is no error.
  void cancel() {
    cancelled_ = true;
    set_.abort_all();
  }

  // Waits for all; the first error asks the rest to stop and is the result. For with_scope.
  Task<absl::Status> drain();

 private:
  static Task<absl::Status> ok_after(Task<void> task) {
    co_await std::move(task);
    co_return absl::OkStatus();
  }

  JoinSet<absl::Status> set_;
  bool cancelled_ = false;
};

namespace detail {

template <class F, class Result>
Task<absl::Status> run_body(F& body, TaskScope& scope, std::optional<Result>& result) {
  result.emplace(co_await body(scope));
  co_return status_of(*result);
}

}  // namespace detail

// `body` is called with the scope and returns a Task of Status or StatusOr; both are kept until the
// end. The result is the body's, or the first error.
template <class F>
auto with_scope(F body, std::source_location where = std::source_location::current())
    -> std::invoke_result_t<F&, TaskScope&> {
  using Result = typename std::invoke_result_t<F&, TaskScope&>::value_type;
  static_assert(detail::kIsFallible<Result>, "the body must return Status or StatusOr");
  CurrentTask& self = co_await this_task();
  TaskScope scope(self, where);
  std::optional<Result> result;
  scope.spawn(detail::run_body(body, scope, result));
  absl::Status first = co_await scope.drain();
  if (!first.ok()) co_return first;
  co_return *std::move(result);
}

}  // namespace weir
