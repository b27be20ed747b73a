// SPDX-License-Identifier: Apache-2.0
// Something every so often, and what to do about ticks that were missed.
// Tokio: tokio::time::{sleep, interval}, MissedTickBehavior.
#include <ostream>

#include "async/interval.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/timeout.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> tick_for_ever(std::ostream& out) {
  Interval interval(100ms);
  for (int n = 1;; ++n) {
    co_await or_return(co_await interval.tick());  // the first at once; ends when told to stop
    out << "tick " << n << "\n";
  }
}

// How many ticks come within half a second if the first takes 250 ms to handle.
Task<int> ticks_of_a_slow_start(MissedTick missed) {
  Interval interval(100ms, missed);
  int ticks = 0;
  auto count = [&]() -> Task<absl::Status> {
    for (;;) {
      co_await or_return(co_await interval.tick());
      if (++ticks == 1) co_await or_return(co_await sleep(250ms));
    }
  };
  (void)co_await timeout(480ms, count());
  co_return ticks;
}

}  // namespace

Task<void> example_11_interval(std::ostream& out) {
  out << co_await timeout(250ms, tick_for_ever(out)) << "\n";
  out << "burst makes up for them: " << co_await ticks_of_a_slow_start(MissedTick::kBurst) << "\n";
  out << "delay starts over:       " << co_await ticks_of_a_slow_start(MissedTick::kDelay) << "\n";
  out << "skip keeps to the beat:  " << co_await ticks_of_a_slow_start(MissedTick::kSkip) << "\n";
}

}  // namespace weir::examples

// Output:
// tick 1
// tick 2
// tick 3
// DEADLINE_EXCEEDED: the deadline passed
// burst makes up for them: 5
// delay starts over:       4
// skip keeps to the beat:  4
