// SPDX-License-Identifier: Apache-2.0
// A few workers, a bounded queue before them, and a no at once when it is full.
// Tokio: a worker pool of tasks behind an mpsc channel.
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/worker_pool.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<std::string>> render(int photo) {
  co_await or_return(co_await sleep(10ms));
  co_return absl::StrCat("thumbnail ", photo);
}

}  // namespace

Task<void> example_27_worker_pool(std::ostream& out) {
  WorkerPool workers(2, 3);  // two work, three wait
  std::vector<Task<absl::StatusOr<std::string>>> jobs;
  for (int photo = 1; photo <= 6; ++photo) jobs.push_back(workers.submit(render(photo)));
  for (const auto& result : co_await join_all(std::move(jobs))) {
    out << (result.ok() ? *result : result.status().ToString()) << "\n";
  }
  out << "closed: " << co_await workers.close() << "\n";
  out << (co_await workers.submit(render(7))).status() << "\n";
}

}  // namespace weir::examples

// Output:
// thumbnail 1
// thumbnail 2
// thumbnail 3
// thumbnail 4
// thumbnail 5
// UNAVAILABLE: too much is waiting for a worker; try again later
// closed: OK
// FAILED_PRECONDITION: the worker pool is closed
