// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interrupt: ctrl-C and SIGTERM as cancellation, for commands that run until they are stopped.
// Tokio: tokio::signal::ctrl_c.
//
// Make it before anything starts a thread: it blocks the signals in the calling thread, which those
// made later inherit, and waits for them in one of its own.

#include <signal.h>

#include <optional>
#include <thread>
#include <utility>

#include "async/cancellation.h"
#include "async/cancelled.h"
#include "async/select.h"
#include "async/task.h"

namespace weir::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool has_come() const { return token_.is_cancelled(); }

  // Runs `task` to its end; a signal asks it to stop.
  template <class T>
  Task<T> cancels(Task<T> task) {
    std::optional<T> result;
    Task<void> store = into(std::move(task), result);
    (void)co_await select(std::move(store), wait());
    co_return *std::move(result);
  }

 private:
  template <class T>
  static Task<void> into(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
  Task<void> wait() { (void)co_await cancelled(token_); }

  CancellationToken token_;
  sigset_t signals_;
  std::thread thread_;
};

}  // namespace weir::cli
