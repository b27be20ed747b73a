// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerPool: at most n tasks at work, at most m waiting for a worker, the rest refused. Tokio: the
// worker pool of tasks behind an mpsc channel, with a oneshot for each answer.
//
//     WorkerPool workers(4, 100);
//     absl::StatusOr<Thumbnail> thumbnail = co_await workers.submit(render(photo));
//
// A worker is not a task here but the right to run: the submitted task runs below its submitter,
// with its deadline, cancellation and span, so there is no queue to forget a job in and nothing to
// shut down in the right order. First come, first served. UNAVAILABLE, at once, when m wait;
// FAILED_PRECONDITION once closed (those who wait by then are served); CANCELLED or
// DEADLINE_EXCEEDED when told to stop while waiting, and then the task has not begun. A result that
// cannot carry an error becomes StatusOr.
//
// Thread: any; a task runs on its submitter's loop. For threads that may block see
// async/blocking_pool.h, for more than one loop async/runtime.h. Waiting allocates nothing but the
// frame of submit. Trap: a task that submits to its own pool can wait for itself.

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "async/gate.h"
#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "async/timeout.h"

namespace weir {

class WorkerPool {
 public:
  WorkerPool(std::size_t workers, std::size_t max_waiting)
      : places_(workers + max_waiting), workers_(workers) {}

  template <class T>
  Task<typename detail::Timed<T>::type> submit(Task<T> task) {
    const std::optional<Pass> pass = gate_.enter();
    if (!pass.has_value()) co_return absl::FailedPreconditionError("the worker pool is closed");
    const std::optional<Permit> place = places_.try_acquire();
    if (!place.has_value()) {
      co_return absl::UnavailableError("too much is waiting for a worker; try again later");
    }
    const Permit worker = co_await or_return(co_await workers_.acquire());
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      co_return absl::OkStatus();
    } else {
      co_return co_await std::move(task);
    }
  }

  // Takes no more and waits for all that was taken. When that is cancelled it may be called again.
  Task<absl::Status> close() {
    gate_.close();
    co_return co_await gate_.drained();
  }

  std::size_t waiting() const { return workers_.waiting(); }
  std::size_t idle_workers() const { return workers_.available(); }

 private:
  Semaphore places_;  // at work or in the queue
  Semaphore workers_;
  Gate gate_;  // those who wait and those who work
};

}  // namespace weir
