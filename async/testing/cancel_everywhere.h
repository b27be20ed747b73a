// SPDX-License-Identifier: Apache-2.0
#pragma once

// cancel_everywhere: tells a task to stop at every point there is, and looks at what is left.
// Tokio: what loom and dropping a future at each poll are used for.
//
//     struct World {                              // made anew for each run
//       Semaphore semaphore{1};
//       Task<absl::Status> victim();              // the one that is told to stop
//       Task<void> others();                      // run beside it, and are not
//       Task<void> check(absl::Status ended);     // after all of them, with what the victim yields
//     };
//     const std::size_t points = cancel_everywhere<World>();
//
// For every seed and for every n it runs the world on a TestLoop and cancels the victim before the
// n-th step, once as a select would and once as a deadline would, until the victim ends before.
//
// Trap: the number of runs is the product of all that; keep a world small.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "async/detail/under.h"
#include "async/join.h"
#include "async/task.h"
#include "async/testing/async_test.h"
#include "async/testing/test_loop.h"

namespace weir::testing {

inline Task<absl::Status> run_under(CancelScope& scope, Task<absl::Status> victim, bool& ended) {
  const Context& outer = co_await this_context();
  const Context inner = outer.with_scope(scope);
  detail::Under<absl::Status> run(inner, std::move(victim));
  absl::Status status = co_await run;
  ended = true;
  co_return status;
}

template <class World>
Task<void> run_world(World& world, CancelScope& scope, bool& ended) {
  auto [status, others] = co_await join(run_under(scope, world.victim(), ended), world.others());
  co_await world.check(std::move(status));
}

// Whether the victim was still there at `step`.
template <class World>
bool cancel_at(std::size_t step, CancelReason reason, std::uint64_t seed) {
  World world;
  CancelScope scope;
  bool ended = false;
  bool in_time = step == 0;
  TestLoop loop(seed);
  if (step == 0) {
    scope.cancel(reason);
  } else {
    loop.interrupt_at(step - 1, [&] {
      in_time = !ended;
      scope.cancel(reason);
    });
  }
  run_or_abort(loop, run_world(world, scope, ended),
               "cancelled at step " + std::to_string(step) + ", seed " + std::to_string(seed) +
                   ", reason " + std::to_string(static_cast<int>(reason)));
  return in_time;
}

// At how many points it was cancelled, at the most.
template <class World>
std::size_t cancel_everywhere(std::uint64_t seeds = 30) {
  std::size_t most = 0;
  for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
    for (const CancelReason reason : {CancelReason::kCancelled, CancelReason::kDeadline}) {
      std::size_t step = 0;
      while (cancel_at<World>(step, reason, seed)) ++step;
      most = std::max(most, step);
    }
  }
  return most;
}

}  // namespace weir::testing
