// SPDX-License-Identifier: Apache-2.0
// At most n at a time: the permit is acquired before the task is spawned, and goes with it.
// Tokio: Semaphore::acquire_owned and JoinSet.
#include <algorithm>
#include <ostream>
#include <vector>

#include "async/join_set.h"
#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

struct Load {
  int now = 0;
  int most = 0;
};

Task<absl::Status> process(int request, Load& load) {
  load.most = std::max(load.most, ++load.now);
  absl::Status slept = co_await sleep((request % 3 + 1) * 1ms);
  --load.now;
  co_return slept;
}

// [bounded]
Task<absl::Status> process_all(std::vector<int> requests, std::size_t max_concurrent, Load& load) {
  Semaphore semaphore(max_concurrent);
  JoinSet<absl::Status> set(co_await this_task());
  absl::Status first;
  for (const int request : requests) {
    absl::StatusOr<Permit> permit = co_await semaphore.acquire();
    first.Update(permit.status());
    if (!permit.ok()) break;  // told to stop; and so are those in the set
    auto call = [&load](Permit held, int id) -> Task<absl::Status> {
      (void)held;  // back in the semaphore when the task ends
      co_return co_await process(id, load);
    };
    set.spawn(call, *std::move(permit), request);
  }
  while (const std::optional<absl::Status> ended = co_await set.join_next()) first.Update(*ended);
  co_return first;
}
// [bounded]

}  // namespace

Task<void> example_20_semaphore(std::ostream& out) {
  Load load;
  out << co_await process_all(std::vector<int>(20, 1), 3, load) << ", " << load.most
      << " at a time\n";
}

}  // namespace weir::examples

// Output:
// OK, 3 at a time
