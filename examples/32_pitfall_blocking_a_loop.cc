// SPDX-License-Identifier: Apache-2.0
// Pitfall: what blocks a loop blocks everything on it. A watchdog says which task it is.
// Tokio: std::thread::sleep in an async fn; tokio-console's lint.
#include <iostream>
#include <latch>

#include "async/blocking_pool.h"
#include "async/join_set.h"
#include "async/loop_watchdog.h"
#include "async/named.h"
#include "async/thread_loop.h"

namespace {

using namespace std::chrono_literals;
using weir::LoopWatchdog;
using weir::Task;

// Stands for a computation or a call that takes long: it ends when it has been reported.
void heavy_computation(std::latch& reported) { reported.wait(); }

// Wrong: no other task of this loop runs meanwhile, no timer fires, no cancellation arrives.
Task<void> computes_here(std::latch& reported) {
  heavy_computation(reported);
  co_return;
}

// Right: on a thread that may block.
Task<void> computes_elsewhere(weir::BlockingPool& pool, std::latch& reported) {
  (void)co_await weir::spawn_blocking(pool, [&reported] { heavy_computation(reported); });
}

Task<void> serve(weir::BlockingPool& pool, std::latch& reported) {
  weir::JoinSet<void> set(co_await weir::this_task());
  set.spawn(weir::named("monthly report", computes_here(reported)));
  (void)co_await set.join_next();
  co_await computes_elsewhere(pool, reported);
}

}  // namespace

int main() {
  std::latch reported(1);
  LoopWatchdog watchdog(
      [&](const LoopWatchdog::Blocked& blocked) {
        // blocked.describe(): main has been busy for 63 ms in "monthly report", computes_here at
        // ...
        std::cout << blocked.loop << " is blocked by \"" << blocked.task << "\"\n";
        reported.count_down();
      },
      20ms);
  weir::BlockingPool pool("blocking", 1, 10);
  weir::ThreadLoop loop;
  watchdog.watch(loop, "main");
  loop.run(serve(pool, reported));
  watchdog.forget(loop);
}

// Output:
// main is blocked by "monthly report"
