// SPDX-License-Identifier: Apache-2.0
// Time: sleeping, and timeouts that do not expire. And threads that may block.
#include "async/blocking_pool.h"
#include "async/sleep.h"
#include "async/timeout.h"
#include "bench/async/weir_bench.h"

namespace weir::bench {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> sleeps(Duration time) { co_return co_await sleep(time); }

WEIR_BENCH(sleep_0) {
  for (auto _ : state) (void)co_await sleep(0ns);
}

WEIR_BENCH(timeout) {
  for (auto _ : state) {
    const absl::StatusOr<int> value = co_await weir::timeout(1h, number(1));
    benchmark::DoNotOptimize(*value);
  }
}

WEIR_BENCH(timeout_of_a_sleep) {
  for (auto _ : state) {
    const absl::Status status = co_await weir::timeout(1h, sleeps(0ns));
    benchmark::DoNotOptimize(status.ok());
  }
}

WEIR_BENCH(spawn_blocking) {
  BlockingPool pool("blocking", 1, 100);
  auto function = [] { return 1; };
  for (auto _ : state) {
    const absl::StatusOr<int> value = co_await weir::spawn_blocking(pool, function);
    benchmark::DoNotOptimize(*value);
  }
}

}  // namespace
}  // namespace weir::bench
