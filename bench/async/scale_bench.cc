// SPDX-License-Identifier: Apache-2.0
// What the rows of the table are to be held against.
#include <benchmark/benchmark.h>

#include <mutex>

namespace weir::bench {
namespace {

[[gnu::noinline]] int number(int n) {
  benchmark::DoNotOptimize(n);
  return n;
}

void call(benchmark::State& state) {
  int n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(number(++n));
}
BENCHMARK(call)->Name("call/plain");

void std_mutex(benchmark::State& state) {
  std::mutex mutex;
  for (auto _ : state) {
    const std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(std_mutex)->Name("std_mutex/plain");

void new_delete(benchmark::State& state) {
  for (auto _ : state) {
    auto* const block = new char[200];
    benchmark::DoNotOptimize(block);
    delete[] block;
  }
}
BENCHMARK(new_delete)->Name("new_delete/plain");

}  // namespace
}  // namespace weir::bench
