// SPDX-License-Identifier: Apache-2.0
#pragma once

// named("...", task): what the live task tree and the loop watchdog call the task, beside its
// function. Tokio: task::Builder::name.
//
//     set.spawn(named("refresh", refresh(cache)));
//
// Trap: only the pointer is kept, so that a name costs nothing and may be read from any thread;
// give a string literal, which lives for ever.

#include <utility>

#include "async/task.h"

namespace weir {

template <class T>
[[nodiscard]] Task<T> named(const char* literal, Task<T> task) {
  task.coroutine().promise().set_name(literal);
  return task;
}

}  // namespace weir
