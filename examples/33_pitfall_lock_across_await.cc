// SPDX-License-Identifier: Apache-2.0
// Pitfall: a lock that is held across an await is held for as long as that takes.
// Tokio: "Holding a Mutex across .await".
#include <ostream>
#include <string>
#include <vector>

#include "async/join.h"
#include "async/mutex.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/timeout.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

using Items = Mutex<std::vector<std::string>>;

Task<absl::Status> slow_operation() { co_return co_await sleep(10ms); }

// Wrong: all others wait for the slow operation, one after the other.
Task<absl::Status> add_and_hold(Items& items) {
  const auto guard = co_await or_return(co_await items.lock());
  guard->push_back("item");
  co_return co_await slow_operation();
}

// Right: let go first.
Task<absl::Status> add_and_let_go(Items& items) {
  {
    const auto guard = co_await or_return(co_await items.lock());
    guard->push_back("item");
  }
  co_return co_await slow_operation();
}

Task<Duration> time_for_five(Task<absl::Status> (*add)(Items&)) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Items items;
  std::vector<Task<absl::Status>> adding;
  for (int i = 0; i < 5; ++i) adding.push_back(add(items));
  (void)co_await join_all(std::move(adding));
  co_return loop.now() - begin;
}

// Worse: two locks in two orders wait for each other for ever. A bound makes it an error, and the
// task tree shows both awaiting "mutex".
Task<absl::Status> lock_both(Mutex<>& first, Mutex<>& second) {
  const auto one = co_await or_return(co_await first.lock());
  co_await or_return(co_await sleep(1ms));
  const auto other = co_await or_return(co_await second.lock());
  co_return absl::OkStatus();
}

}  // namespace

Task<void> example_33_pitfall_lock_across_await(std::ostream& out) {
  out << "held:   five take five times as long: " << (co_await time_for_five(add_and_hold) >= 50ms)
      << "\n";
  out << "let go: five take as long as one:     " << (co_await time_for_five(add_and_let_go) < 50ms)
      << "\n";

  Mutex<> a;
  Mutex<> b;
  const auto [left, right] =
      co_await join(timeout(20ms, lock_both(a, b)), timeout(30ms, lock_both(b, a)));
  out << left << "; " << right << "\n";
}

}  // namespace weir::examples

// Output:
// held:   five take five times as long: 1
// let go: five take as long as one:     1
// DEADLINE_EXCEEDED: the deadline passed; OK
