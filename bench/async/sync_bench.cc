// SPDX-License-Identifier: Apache-2.0
// Semaphore and Mutex. Asio's idiom for both is a channel of n, see asio_channel_bench.cc.
#include "async/join.h"
#include "async/mutex.h"
#include "async/semaphore.h"
#include "bench/async/weir_bench.h"

namespace weir::bench {
namespace {

WEIR_BENCH(semaphore) {
  Semaphore free(1);
  for (auto _ : state) {
    const absl::StatusOr<Permit> permit = co_await free.acquire();
    benchmark::DoNotOptimize(permit.ok());
  }
}

WEIR_BENCH(mutex) {
  Mutex<int> counter(0);
  for (auto _ : state) {
    const absl::StatusOr<MutexGuard<int>> guard = co_await counter.lock();
    benchmark::DoNotOptimize(++**guard);
  }
}

// Two tasks that both wait before there is the one permit: each acquisition waits for the other's
// release.
Task<void> takes_turns(Semaphore& turn) {
  for (;;) {
    const absl::StatusOr<Permit> permit = co_await turn.acquire();
    if (!permit.ok()) co_return;
  }
}

Task<void> counts_turns(Semaphore& turn, benchmark::State& state) {
  for (auto _ : state) {
    const absl::StatusOr<Permit> permit = co_await turn.acquire();
    benchmark::DoNotOptimize(permit.ok());
  }
  turn.close();
  state.SetItemsProcessed(2 * state.iterations());
}

Task<void> begins(Semaphore& turn) {
  turn.add_permits(1);
  co_return;
}

WEIR_BENCH(semaphore_handed_over) {
  Semaphore turn(0);
  (void)co_await join(takes_turns(turn), counts_turns(turn, state), begins(turn));
}

}  // namespace
}  // namespace weir::bench
