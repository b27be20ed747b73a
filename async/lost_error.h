// SPDX-License-Identifier: Apache-2.0
#pragma once

// LostError: an error of a spawned task that nobody looked at. It is reported, never dropped.
// Tokio: the panic hook, which tells of panics only.
//
//     set_lost_error_hook([](const LostError& lost) { log::error(lost.describe()); });
//     JoinSet<absl::Status> set(co_await this_task());
//     set.spawn(named("refresh", refresh(cache)));       // fails, and nobody calls join_next:
//     // refresh, refresh at cache.cc:31, of the JoinSet at cache.cc:52, ended with UNAVAILABLE:
//     ...
//
// A JoinSet that is destroyed reports each result in it that is an error, and each exception. What
// a task answers to abort_all, to cancellation or to its deadline is no error: it was asked for.
// Whoever means it otherwise says so, where the task is spawned:
//
//     set.spawn(report_errors(refresh(cache)));          // each goes to the hook, as it happens
//     set.spawn(ignore_errors(refresh(cache)));          // does not matter here
//
// | Tokio                                        | here                                         |
// | a JoinHandle or JoinSet that is dropped      | the hook is told; without one, a line on     |
// |  drops an `Err` in silence                   |  standard error. Under ASYNC_TEST: a failure |
// | `let _ = handle.await`                       | `(void)co_await set.join_next()`, or spawn   |
// |                                              |  it as `ignore_errors(f())`                  |
//
// What is awaited needs none of this: absl::Status is [[nodiscard]], a compiler warns.
//
// Thread: any; the hook is called on the loop of the task, with a lock held. Trap: so the hook must
// not set another.

#include <exception>
#include <functional>
#include <source_location>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "async/task.h"

namespace weir {

struct LostError {
  std::string task;               // async/named.h; empty if neither it nor one above has a name
  std::source_location function;  // of the coroutine
  std::source_location set;       // where its JoinSet was made
  absl::Status status;            // INTERNAL for an exception

  std::string describe() const;
};

// Of the process. Returns the one before; an empty one is a line on standard error.
using LostErrorHook = std::function<void(const LostError&)>;
LostErrorHook set_lost_error_hook(LostErrorHook hook);

// Tells the hook.
void report_lost_error(const LostError& lost);

namespace detail {

// What an exception is to those who deal in statuses: INTERNAL, with its text.
absl::Status status_of_exception(const std::exception_ptr& thrown);

}  // namespace detail

// Runs `task`; an error goes to the hook, unless it answers a request to stop.
template <class T>
  requires detail::kIsFallible<T>
Task<void> report_errors(Task<T> task,
                         std::source_location where = std::source_location::current()) {
  LostError lost{"", task.coroutine().promise().function(), where, absl::OkStatus()};
  const T result = co_await std::move(task);
  lost.status = detail::status_of(result);
  const CurrentTask& self = co_await this_task();
  if (lost.status.ok() || lost.status.code() == self.context().status().code()) co_return;
  if (self.name() != nullptr) lost.task = self.name();
  report_lost_error(lost);
}

// Runs `task`; whether it fails does not matter. Exceptions pass.
template <class T>
  requires detail::kIsFallible<T>
Task<void> ignore_errors(Task<T> task) {
  (void)co_await std::move(task);
}

}  // namespace weir
