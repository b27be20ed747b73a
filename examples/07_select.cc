// SPDX-License-Identifier: Apache-2.0
// Take what comes first; the others are asked to stop, and have stopped when select ends.
// Tokio: select!, with and without `biased`.
#include <ostream>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "async/cancelled.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<std::string>> fetch(std::string from, Duration takes) {
  co_await or_return(co_await sleep(takes));
  co_return "an answer from " + from;
}

Task<absl::Status> stop_of(CancellationToken token) { co_return co_await cancelled(token); }
Task<absl::Status> patience(Duration time) { co_return co_await sleep(time); }

// Two replicas, the quicker one wins. The result is a variant, by position.
Task<absl::StatusOr<std::string>> race(Duration left, Duration right) {
  auto first = co_await select(fetch("left", left), fetch("right", right));
  co_return std::visit([](auto& answer) { return answer; }, first);
}

// `match` on the branch is a switch on the index.
Task<std::string> fetch_unless_stopped(const CancellationToken& token, Duration takes) {
  // Those that are ready at once are taken in order: told to stop goes before more work.
  const auto first = co_await select(stop_of(token), fetch("the server", takes), patience(100ms));
  switch (first.index()) {
    case 0:
      co_return "told to stop";
    case 1:
      co_return std::get<1>(first).value_or("an error");
    default:
      co_return "it took too long";
  }
}

}  // namespace

Task<void> example_07_select(std::ostream& out) {
  out << (co_await race(10ms, 50ms)).value() << "\n";
  out << (co_await race(50ms, 10ms)).value() << "\n";
  CancellationToken token;
  out << co_await fetch_unless_stopped(token, 10ms) << "\n";
  out << co_await fetch_unless_stopped(token, 1h) << "\n";
  token.cancel();
  out << co_await fetch_unless_stopped(token, 0ms) << "\n";
}

}  // namespace weir::examples

// Output:
// an answer from left
// an answer from right
// an answer from the server
// it took too long
// told to stop
