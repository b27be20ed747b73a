// SPDX-License-Identifier: Apache-2.0
// Nobody begins the next step before all have done this one.
// Tokio: tokio::sync::Barrier.
#include <ostream>
#include <string>
#include <vector>

#include "async/barrier.h"
#include "async/join.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

struct Simulation {
  explicit Simulation(std::size_t parts) : all(parts) {}
  Barrier all;
  int stepped = 0;                // by how many parts, in all steps together
  std::vector<std::string> seen;  // by each leader
};

Task<absl::Status> run_part(int part, int steps, Simulation& simulation) {
  for (int step = 1; step <= steps; ++step) {
    co_await or_return(co_await sleep(part * 1ms));  // some are slower
    ++simulation.stepped;
    const BarrierWaitResult met = co_await or_return(co_await simulation.all.wait());
    // One of them, the last that came, does what is to be done once.
    if (met.is_leader()) simulation.seen.push_back(std::to_string(simulation.stepped));
    co_await or_return(co_await simulation.all.wait());
  }
  co_return absl::OkStatus();
}

}  // namespace

Task<void> example_38_barrier(std::ostream& out) {
  Simulation simulation(3);
  const auto [a, b, c] = co_await join(run_part(1, 2, simulation), run_part(2, 2, simulation),
                                       run_part(3, 2, simulation));
  out << a << " " << b << " " << c << "\n";
  for (const std::string& stepped : simulation.seen) out << stepped << " parts are done\n";
}

}  // namespace weir::examples

// Output:
// OK OK OK
// 3 parts are done
// 6 parts are done
