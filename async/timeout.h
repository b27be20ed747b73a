// SPDX-License-Identifier: Apache-2.0
#pragma once

// timeout, timeout_at: run a task under an earlier deadline. Tokio: tokio::time::{timeout,
// timeout_at}.
//
//     absl::StatusOr<User> user = co_await timeout(2s, users.find(id));
//
// | Tokio                                        | here                                         |
// | "If the future completes before the duration | the task is asked to stop, and awaited; what |
// |  has elapsed, then the completed value is    |  it waits for ends with DEADLINE_EXCEEDED,   |
// |  returned. Otherwise, an error is returned   |  and a value that was ready in the last      |
// |  and the future is canceled."                |  moment is not lost                          |
//
// So a task that yields StatusOr or Status answers for itself. Any other result T becomes
// StatusOr<T>, and is DEADLINE_EXCEEDED if the time was up when the task ended.
//
// The task sees the new deadline in its Context, if it is earlier than the one it would inherit.
//
// Thread: its loop's own. Allocates nothing but recycled frames, whether or not the time is up.
// Trap: it ends when the task does, and a task that ignores cancellation can take longer.

#include <type_traits>
#include <utility>

#include "async/detail/deadline_scope.h"
#include "async/detail/under.h"
#include "async/task.h"

namespace weir {
namespace detail {

// What timeout makes of a result: itself if it can carry an error, else StatusOr of it.
template <class T>
struct Timed {
  using type = absl::StatusOr<T>;
};
template <class T>
  requires kIsFallible<T>
struct Timed<T> {
  using type = T;
};
template <>
struct Timed<void> {
  using type = absl::Status;
};

}  // namespace detail

template <class T>
Task<typename detail::Timed<T>::type> timeout_at(TimePoint deadline, Task<T> task) {
  const Context& outer = co_await this_context();
  const detail::DeadlineScope inner(outer, deadline);
  detail::Under<T> run(inner.context(), std::move(task));
  if constexpr (std::is_void_v<T>) {
    co_await run;
    co_return inner.scope().status();
  } else if constexpr (detail::kIsFallible<T>) {
    co_return co_await run;
  } else {
    T result = co_await run;
    if (inner.scope().is_cancelled()) co_return inner.scope().status();
    co_return std::move(result);
  }
}

template <class T>
Task<typename detail::Timed<T>::type> timeout(Duration after, Task<T> task) {
  const Context& outer = co_await this_context();
  co_return co_await timeout_at(saturating_add(outer.loop().now(), after), std::move(task));
}

}  // namespace weir
