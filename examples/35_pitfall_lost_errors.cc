// SPDX-License-Identifier: Apache-2.0
// Pitfall: a task fails and nobody looks. Here it cannot happen in silence.
// Tokio: "Not Handling Spawned Task Errors", a JoinHandle that is dropped.
#include <ostream>
#include <string>
#include <utility>

#include "async/join_set.h"
#include "async/lost_error.h"
#include "async/named.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> refresh() { co_return absl::UnavailableError("no route to the cache"); }

// Wrong, and so it is reported: the set goes with an error in it that nobody has joined.
// (To write `co_await refresh();` is worse, and does not compile: absl::Status is [[nodiscard]].)
Task<void> fire_and_forget() {
  JoinSet<absl::Status> set(co_await this_task());
  set.spawn(named("refresh", refresh()));
  (void)co_await sleep(1ms);
}

// Right: who spawns looks at the results,
Task<absl::Status> join_them() {
  JoinSet<absl::Status> set(co_await this_task());
  set.spawn(named("refresh", refresh()));
  absl::Status first;
  while (const std::optional<absl::Status> ended = co_await set.join_next()) first.Update(*ended);
  co_return first;
}

// or says that each error is to be reported, or that none matters.
Task<void> say_so() {
  JoinSet<void> set(co_await this_task());
  set.spawn(named("reporting", report_errors(refresh())));
  set.spawn(named("ignoring", ignore_errors(refresh())));
  while (co_await set.join_next()) {
  }
}

}  // namespace

Task<void> example_35_pitfall_lost_errors(std::ostream& out) {
  // Once, at the start of a program: without it a lost error is a line on standard error.
  LostErrorHook before = set_lost_error_hook([&out](const LostError& lost) {
    out << "lost by \"" << lost.task << "\": " << lost.status << "\n";
  });
  co_await fire_and_forget();
  out << "joined: " << co_await join_them() << "\n";
  co_await say_so();
  set_lost_error_hook(std::move(before));
}

}  // namespace weir::examples

// Output:
// lost by "refresh": UNAVAILABLE: no route to the cache
// joined: UNAVAILABLE: no route to the cache
// lost by "reporting": UNAVAILABLE: no route to the cache
