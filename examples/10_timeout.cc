// SPDX-License-Identifier: Apache-2.0
// A bound on how long something may take; whatever it calls is bound by it too.
// Tokio: tokio::time::timeout, tokio::time::sleep.
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "async/or_return.h"
#include "async/shielded.h"
#include "async/sleep.h"
#include "async/timeout.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<std::string>> query(Duration takes) {
  co_await or_return(co_await sleep(takes));  // told when the time is up, and ends at once
  co_return "rows";
}

// The deadline is inherited: nothing is passed by hand. Who calls another service passes it on.
Task<Duration> time_left() {
  const Context& context = co_await this_context();
  co_return context.remaining();
}

// [timeout]
Task<absl::StatusOr<std::string>> query_and_retry() {
  // A shorter bound inside a longer one; the earlier of the two holds.
  absl::StatusOr<std::string> first = co_await timeout(20ms, query(1h));
  if (first.ok()) co_return first;
  co_return co_await query(10ms);
}
// [timeout]

Task<absl::Status> write_back(std::ostream& out) {
  co_await or_return(co_await sleep(30ms));
  out << "written all the same\n";
  co_return absl::OkStatus();
}

Task<absl::Status> cut_but_writes(std::ostream& out) {
  const absl::Status cut = co_await sleep(1h);
  (void)co_await shielded(timeout(1s, write_back(out)));  // is told nothing of our deadline
  co_return cut;
}

}  // namespace

Task<void> example_10_timeout(std::ostream& out) {
  out << (co_await timeout(5s, query(10ms))).value() << "\n";
  out << (co_await timeout(10ms, query(1h))).status() << "\n";
  out << (co_await timeout(5s, query_and_retry())).value() << "\n";
  const absl::StatusOr<Duration> left = co_await timeout(5s, time_left());
  out << "a child has no more than 5 s: " << (*left <= 5s && *left > 0s) << "\n";
  out << co_await timeout(10ms, cut_but_writes(out)) << "\n";
}

}  // namespace weir::examples

// Output:
// rows
// DEADLINE_EXCEEDED: the deadline passed
// rows
// a child has no more than 5 s: 1
// written all the same
// DEADLINE_EXCEEDED: the deadline passed
