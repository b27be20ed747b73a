// SPDX-License-Identifier: Apache-2.0
#pragma once

// WEIR_BENCH(row) { ... }: a benchmark whose body is a coroutine on a ThreadLoop of its own. It is
// called `row/weir`; bench/async.py puts it beside the `row/asio` of asio_bench.h.

#include <benchmark/benchmark.h>

#include "async/task.h"
#include "async/thread_loop.h"

namespace weir::bench {

// Not to be seen through: what is measured is the call of a coroutine in another file.
[[gnu::noinline]] inline Task<int> number(int n) { co_return n; }

}  // namespace weir::bench

#define WEIR_BENCH(row)                                          \
  static weir::Task<void> row(benchmark::State&);                \
  static void row##_on_a_loop(benchmark::State& state) {         \
    weir::ThreadLoop loop;                                       \
    loop.run(row(state));                                        \
  }                                                              \
  BENCHMARK(row##_on_a_loop)->Name(#row "/weir")->UseRealTime(); \
  static weir::Task<void> row(benchmark::State& state)
