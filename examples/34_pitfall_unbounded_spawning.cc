// SPDX-License-Identifier: Apache-2.0
// Pitfall: as many tasks as there are requests, and as much memory, and as many connections.
// Tokio: "Spawning Without Bounds".
#include <algorithm>
#include <ostream>
#include <ranges>

#include "async/or_return.h"
#include "async/sleep.h"
#include "async/stream/for_each.h"
#include "async/stream/iter.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

struct Load {
  int now = 0;
  int most = 0;
};

Task<absl::Status> process(Load& load) {
  load.most = std::max(load.most, ++load.now);
  absl::Status slept = co_await sleep(1ms);
  --load.now;
  co_return slept;
}

// Wrong: whoever sends the requests decides how much memory this takes.
Task<absl::Status> process_all_at_once(int requests, Load& load) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    for (int n = 0; n < requests; ++n) scope.spawn(process(load));
    co_return absl::OkStatus();
  });
}

// Right: a request is not even looked at before there is room for it.
Task<absl::Status> process_ten_at_a_time(int requests, Load& load) {
  auto one = [&load](int) { return process(load); };
  co_return co_await for_each_concurrent(iter(std::views::iota(0, requests)), 10, one);
}

}  // namespace

Task<void> example_34_pitfall_unbounded_spawning(std::ostream& out) {
  Load load;
  out << co_await process_all_at_once(1000, load) << ", " << load.most << " at once\n";
  Load bounded;
  out << co_await process_ten_at_a_time(1000, bounded) << ", " << bounded.most << " at once\n";
}

}  // namespace weir::examples

// Output:
// OK, 1000 at once
// OK, 10 at once
