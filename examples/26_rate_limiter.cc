// SPDX-License-Identifier: Apache-2.0
// So many in so much time, with a burst: a token bucket without a task that refills it.
// Tokio: a Semaphore and an interval; the governor crate.
#include <ostream>

#include "async/or_return.h"
#include "async/rate_limiter.h"
#include "async/task.h"
#include "async/timeout.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> call_for_ever(RateLimiter& limiter, int& calls) {
  for (;;) {
    co_await or_return(limiter.acquire());  // waits its turn, then until there is a unit
    ++calls;
  }
}

// At the door one does not wait: it is now, or "try again later".
absl::Status admit(RateLimiter& limiter, TimePoint now) {
  if (limiter.try_acquire(now)) return absl::OkStatus();
  return absl::ResourceExhaustedError("more than your quota; slow down");
}

}  // namespace

Task<void> example_26_rate_limiter(std::ostream& out) {
  const EventLoop& loop = (co_await this_context()).loop();
  RateLimiter limiter(100, 1s, 20);  // a hundred a second, twenty at once
  int calls = 0;
  (void)co_await timeout(1005ms, call_for_ever(limiter, calls));
  out << "within a second: " << calls << "\n";

  RateLimiter quota(1, 1min, 1);
  out << admit(quota, loop.now()) << "\n";
  out << admit(quota, loop.now()) << "\n";
}

}  // namespace weir::examples

// Output:
// within a second: 120
// OK
// RESOURCE_EXHAUSTED: more than your quota; slow down
