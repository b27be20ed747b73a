// SPDX-License-Identifier: Apache-2.0
// SIGTERM: refuse what is new, finish what has begun, and cut what takes too long.
// Tokio: tokio::signal, CancellationToken, TaskTracker; with_graceful_shutdown.
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <optional>
#include <utility>

#include "async/cancelled.h"
#include "async/gate.h"
#include "async/signals.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "async/with_scope.h"

namespace {

using namespace std::chrono_literals;
using weir::Duration;
using weir::Gate;
using weir::Pass;
using weir::Task;
using weir::TaskScope;

struct Service {
  Gate gate;  // who is inside is in progress
  int finished = 0;
  int cut = 0;

  Task<void> handle(Pass pass, Duration takes) {
    const absl::Status status = co_await weir::sleep(takes);
    ++(status.ok() ? finished : cut);
    pass.leave();
  }
  bool accept(TaskScope& scope, Duration takes) {
    std::optional<Pass> pass = gate.enter();
    if (!pass.has_value()) return false;  // UNAVAILABLE: another replica may do it
    scope.spawn(handle(*std::move(pass), takes));
    return true;
  }
};

Task<absl::Status> everybody_left(Gate& gate) { co_return co_await gate.drained(); }

// [shutdown]
Task<absl::Status> serve(const weir::Signals& signals, Service& service) {
  co_return co_await weir::with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    for (const Duration takes : {Duration(1ms), Duration(20ms), Duration(1h)}) {
      service.accept(scope, takes);
    }
    ::kill(::getpid(), SIGTERM);  // what an orchestrator does

    (void)co_await weir::cancelled(signals.stop());
    service.gate.close();
    std::cout << "accepts: " << service.accept(scope, 1ms) << "\n";
    // Until all have left, but no longer than this; then the rest is told to stop, and awaited.
    const absl::Status drained = co_await weir::timeout(500ms, everybody_left(service.gate));
    if (!drained.ok()) scope.cancel();
    co_return absl::OkStatus();
  });
}
// [shutdown]

}  // namespace

int main() {
  const weir::Signals signals;  // before any other thread
  Service service;
  weir::ThreadLoop loop;
  std::cout << loop.run(serve(signals, service)) << "\n";
  std::cout << "finished " << service.finished << ", cut " << service.cut << "\n";
  return service.cut == 0 ? 0 : 3;
}

// Output:
// accepts: 0
// OK
// finished 2, cut 1
// exit status 3
