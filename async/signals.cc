// SPDX-License-Identifier: Apache-2.0
#include "async/signals.h"

#include <pthread.h>

#include <csignal>

namespace weir {
namespace {

// Wakes the waiting thread for its end. From others it means nothing.
constexpr int kEnd = SIGUSR1;

sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, kEnd}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = waited_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A client that goes away in the middle of a write is an error of that write.
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { wait(); });
}

Signals::~Signals() {
  is_ending_ = true;
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
}

void Signals::wait() {
  const sigset_t set = waited_for();
  for (int signal = 0; sigwait(&set, &signal) == 0 && !is_ending_;) {
    if (signal == kEnd) continue;
    if (stop_.is_cancelled()) hurry_.cancel();
    stop_.cancel();
  }
}

}  // namespace weir
