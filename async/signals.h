// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signals: SIGTERM and SIGINT as cancellation tokens. Tokio: tokio::signal.
//
//     const Signals signals;                             // the first line of main
//     (void)co_await cancelled(signals.stop());
//
// Thread: any; a thread of its own waits for the signals. SIGPIPE is ignored from here on, SIGUSR1
// wakes that thread for its end.
//
// Trap: construct it before any other thread starts, for threads inherit the mask: a thread that
// does not block the signals would be killed by them. One in a process.

#include <atomic>
#include <thread>

#include "async/cancellation.h"

namespace weir {

class Signals {
 public:
  Signals();
  ~Signals();

  // Cancelled by the first signal: end in good order.
  const CancellationToken& stop() const { return stop_; }
  // Cancelled by the second: end now.
  const CancellationToken& hurry() const { return hurry_; }

 private:
  void wait();

  CancellationToken stop_;
  CancellationToken hurry_;
  std::atomic<bool> is_ending_ = false;
  std::thread thread_;
};

}  // namespace weir
