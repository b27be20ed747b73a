// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bell: wakes whoever waits for work; a ring while nobody waits is kept. Tokio: Notify.
//
// Thread: any may ring; one waits at a time.

#include <mutex>
#include <utility>

#include "async/task.h"
#include "async/timeout.h"
#include "async/watch.h"

namespace weir::batch {

class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    channel_.first.send(true);
  }
  // Until it rings, or `limit` has passed, or the task is told to stop.
  Task<void> wait(Duration limit) {
    (void)co_await timeout(limit, changed());
    (void)channel_.second.get();
  }

 private:
  Task<absl::Status> changed() { co_return co_await channel_.second.changed(); }

  std::mutex mutex_;
  std::pair<watch::Sender<bool>, watch::Receiver<bool>> channel_ = watch::channel(false);
};

}  // namespace weir::batch
