// SPDX-License-Identifier: Apache-2.0
// Tasks: awaited, spawned, side by side, cancelled.
#include "async/join.h"
#include "async/join_set.h"
#include "async/select.h"
#include "async/sleep.h"
#include "bench/async/weir_bench.h"

namespace weir::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kBatch = 64;

Task<absl::Status> sleeps_long() { co_return co_await sleep(1h); }

[[gnu::noinline]] Task<int> deep(int levels) {
  if (levels == 0) co_return 0;
  co_return 1 + co_await deep(levels - 1);
}

WEIR_BENCH(await) {
  int n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(co_await number(++n));
}

WEIR_BENCH(await_16_deep) {
  for (auto _ : state) benchmark::DoNotOptimize(co_await deep(16));
}

WEIR_BENCH(spawn_join) {
  JoinSet<int> set(co_await this_task());
  for (auto _ : state) {
    set.spawn(number(1));
    const std::optional<int> joined = co_await set.join_next();
    benchmark::DoNotOptimize(*joined);
  }
}

WEIR_BENCH(spawn_join_64) {
  for (auto _ : state) {
    JoinSet<int> set(co_await this_task());
    for (int i = 0; i < kBatch; ++i) set.spawn(number(i));
    int sum = 0;
    while (const std::optional<int> joined = co_await set.join_next()) sum += *joined;
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

WEIR_BENCH(join_2) {
  for (auto _ : state) {
    const auto [a, b] = co_await join(number(1), number(2));
    benchmark::DoNotOptimize(a + b);
  }
}

WEIR_BENCH(select_2) {
  for (auto _ : state) {
    const auto first = co_await select(number(1), sleeps_long());
    benchmark::DoNotOptimize(first.index());
  }
}

// The other order: the one that sleeps really sleeps when it is told to stop.
WEIR_BENCH(select_2_cancels_a_sleep) {
  for (auto _ : state) {
    const auto first = co_await select(sleeps_long(), number(1));
    benchmark::DoNotOptimize(first.index());
  }
}

WEIR_BENCH(spawn_cancel_join) {
  for (auto _ : state) {
    JoinSet<absl::Status> set(co_await this_task());
    set.spawn(sleeps_long());
    (void)co_await sleep(0ns);
    set.abort_all();
    (void)co_await set.join_next();
  }
}

}  // namespace
}  // namespace weir::bench
