// SPDX-License-Identifier: Apache-2.0
#pragma once

// both: two tasks side by side, as a task that a loop can run.

#include <tuple>
#include <utility>

#include "async/join.h"
#include "async/task.h"

namespace weir::postgres::testing {

template <class A, class B>
Task<std::tuple<A, B>> both(Task<A> a, Task<B> b) {
  co_return co_await join(std::move(a), std::move(b));
}

}  // namespace weir::postgres::testing
