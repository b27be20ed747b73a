// SPDX-License-Identifier: Apache-2.0
#pragma once

// ExecutorThread: an Executor on a loop and a thread of its own, and its end:
//
//   stop()    claims nothing more: when the drain announces itself
//   finish()  waits for the chunks in progress, then cancels them, which gives their leases back:
//             before the cache closes, which nobody may call after that
//   ~         ends the loop, which lives on until then for what the cache may still do there
//
// Thread: any.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "async/cancellation.h"
#include "async/task.h"
#include "server/batch/executor.h"

namespace weir::batch {

class ExecutorThread {
 public:
  // Starts at once. Everything that `executor` is made of must outlive this.
  explicit ExecutorThread(Executor& executor);
  ~ExecutorThread();
  ExecutorThread(const ExecutorThread&) = delete;
  ExecutorThread& operator=(const ExecutorThread&) = delete;

  void stop() { executor_.stop(); }
  // Blocks, for about `limit` at most until it cancels.
  void finish(Duration limit);

 private:
  Task<void> live();

  Executor& executor_;
  CancellationToken cancel_;
  CancellationToken end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_finished_ = false;
  std::thread thread_;
};

}  // namespace weir::batch
