// SPDX-License-Identifier: Apache-2.0
#include "client/cli/interrupt.h"

namespace weir::cli {
namespace {

constexpr int kEndThread = SIGUSR1;  // blocked as well, and sent by nobody else

}  // namespace

Interrupt::Interrupt() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, kEndThread}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([this] {
    int signal = 0;
    sigwait(&signals_, &signal);
    if (signal != kEndThread) token_.cancel();
  });
}

Interrupt::~Interrupt() {
  pthread_kill(thread_.native_handle(), kEndThread);
  thread_.join();
}

}  // namespace weir::cli
