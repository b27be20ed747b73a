// SPDX-License-Identifier: Apache-2.0
#pragma once

// dump_tasks: the live tasks of a loop: each task, its children, whether it runs or what it awaits,
// where in the source, for how long, and how long until its deadline. Tokio: tokio-console.
//
//     serve  main.cc
//       "refresh"  refresh_cache  cache.cc  awaits sleep at cache.cc:31 for 12.000 ms  deadline in
//       ..
//
// dump_tasks_json says the same to programs: an array of tasks, whose `children` are tasks again.
//
// Thread: the loop's own. From another one request_task_dump has the loop write it at its next turn
// and call back there; a loop that is blocked does not answer: see async/loop_watchdog.h.

#include <functional>
#include <string>

#include "async/event_loop.h"

namespace weir {

std::string dump_tasks(const EventLoop& loop);
std::string dump_tasks_json(const EventLoop& loop);

enum class TaskDumpFormat : unsigned char { kText, kJson };

// Any thread. `done` is called on the loop's, and never if the loop ends before its next turn.
void request_task_dump(EventLoop& loop, TaskDumpFormat format,
                       std::function<void(std::string dump)> done);

// One task and what is below it.
std::string dump_task(const detail::TaskNode& task, TimePoint now);
std::string dump_task_json(const detail::TaskNode& task, TimePoint now);

}  // namespace weir
