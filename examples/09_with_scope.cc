// SPDX-License-Identifier: Apache-2.0
// Background tasks that cannot outlive the function that started them, nor fail unnoticed.
// Tokio: a TaskTracker with a CancellationToken; tokio::spawn with all its handles awaited.
#include <ostream>
#include <string>

#include "async/or_return.h"
#include "async/sleep.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> heartbeat(int& beats) {
  for (;;) {
    co_await or_return(co_await sleep(10ms));
    ++beats;
  }
}

Task<absl::Status> serve(Duration time) { co_return co_await sleep(time); }

Task<absl::Status> fails_after(Duration time) {
  co_await or_return(co_await sleep(time));
  co_return absl::UnavailableError("lost the connection");
}

// [scope]
Task<absl::Status> run(int& beats) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(heartbeat(beats));
    absl::Status served = co_await serve(105ms);
    scope.cancel();  // otherwise the scope waits until the heartbeat ends, which it never does
    co_return served;
  });
}
// [scope]

// The first error, whoever's, asks all others to stop and comes out.
Task<absl::Status> run_and_fail(int& beats) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(heartbeat(beats));
    scope.spawn(fails_after(25ms));
    co_return co_await serve(1h);
  });
}

}  // namespace

Task<void> example_09_with_scope(std::ostream& out) {
  int beats = 0;
  const absl::Status served = co_await run(beats);
  out << served << (beats > 0 ? ", with a heart" : ", without") << "\n";
  out << co_await run_and_fail(beats) << "\n";
}

}  // namespace weir::examples

// Output:
// OK, with a heart
// UNAVAILABLE: lost the connection
