// SPDX-License-Identifier: Apache-2.0
#pragma once

// Background: tasks that nobody awaits, but that somebody counts, and can wait for at the end.
// Tokio: tokio_util::task::TaskTracker.
//
// For work that must outlive the call that began it, such as a cache fill. A task runs on the loop
// it was spawned on, below the scope it was given and nothing else: neither the spawner's
// cancellation nor its deadline reaches it, so give it a bound of its own.
//
// Thread: any loop's. Trap: `drain` before it is destroyed; one that still has tasks ends the
// process with a message rather than corrupting it.

#include <cstddef>
#include <mutex>
#include <vector>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/oneshot.h"
#include "async/task.h"

namespace weir::redis {

class Background {
 public:
  Background() = default;
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Begins `task` at once, on `loop`, whose thread this is. `scope` must outlive the task.
  void spawn(EventLoop& loop, CancelScope& scope, Task<void> task);

  std::size_t running() const;

  // Waits until no task runs, cancelled or not.
  Task<void> drain();

 private:
  class Job;
  void one_less();

  mutable std::mutex mutex_;
  std::size_t running_ = 0;
  std::vector<oneshot::Sender<bool>> waiting_for_idle_;
};

}  // namespace weir::redis
