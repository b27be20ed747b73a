// SPDX-License-Identifier: Apache-2.0
// Which tasks are there, and what does each wait for? Ask the loop, also in production.
// Tokio: tokio-console, tracing's #[instrument], task::Builder::name.
#include <ostream>
#include <sstream>
#include <string>

#include "async/named.h"
#include "async/semaphore.h"
#include "async/sleep.h"
#include "async/task_tree.h"
#include "async/timeout.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> refresh() { co_return co_await sleep(1h); }

Task<absl::Status> query(Semaphore& connections) {
  const absl::StatusOr<Permit> permit = co_await connections.acquire();
  co_return permit.status();
}

// A line of the tree says, indented below the one that awaits or spawned it:
//   "refresh"  Task<Status> refresh()  30_task_tree.cc  awaits sleep at 30_task_tree.cc:20 for
//   2.000 ms  deadline in 4998.000 ms
// Here the name and the wait are shown, for functions are spelled differently by each compiler.
void show_waits(const std::string& tree, std::ostream& out) {
  std::istringstream lines(tree);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t name = line.find('"');
    const std::size_t wait = line.find("awaits ");
    if (name == std::string::npos || wait == std::string::npos) continue;
    out << line.substr(name, line.find('"', name + 1) + 1 - name) << " "
        << line.substr(wait, line.find(" at ", wait) - wait) << "\n";
  }
}

}  // namespace

Task<void> example_30_task_tree(std::ostream& out) {
  const EventLoop& loop = (co_await this_context()).loop();
  Semaphore connections(0);
  const absl::Status ended = co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(named("refresh", refresh()));
    scope.spawn(named("query", timeout(5s, query(connections))));
    (void)co_await sleep(2ms);
    scope.spawn(named("later", refresh()));
    show_waits(dump_tasks(loop), out);  // newest first; dump_tasks_json is for programs
    scope.cancel();
    co_return absl::OkStatus();
  });
  out << ended << "\n";
}

}  // namespace weir::examples

// Output, in any order:
// "later" awaits its turn
// "refresh" awaits sleep
// OK
