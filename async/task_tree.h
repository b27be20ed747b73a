// SPDX-License-Identifier: Apache-2.0
#pragma once

// dump_tasks: the live tasks of a loop as text: each task, its children, what each awaits, where in
// the source and for how long. Tokio: tokio-console.
//
// Thread: the loop's own; from elsewhere, post a Runnable that calls it.

#include <string>

#include "async/event_loop.h"

namespace weir {

std::string dump_tasks(const EventLoop& loop);

// One task and what is below it.
std::string dump_task(const detail::TaskNode& task, TimePoint now);

}  // namespace weir
