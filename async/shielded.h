// SPDX-License-Identifier: Apache-2.0
#pragma once

// shielded: run a task that is told nothing of its caller's cancellation and deadline. Tokio has no
// such thing: there one spawns a task so that dropping the caller cannot stop it.
//
//     co_await shielded(write_back(user));
//
// Thread: its loop's own. Trap: the caller still waits for it, cancelled or not, so give the task a
// bound of its own: `shielded(timeout(1s, ...))`.

#include <utility>

#include "async/detail/under.h"
#include "async/task.h"

namespace weir {

template <class T>
Task<T> shielded(Task<T> task) {
  const Context& outer = co_await this_context();
  CancelScope scope;
  const Context inner = outer.with_scope(scope).with_deadline(kForever);
  detail::Under<T> run(inner, std::move(task));
  co_return co_await run;
}

}  // namespace weir
