// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include "bench/gload/clock.h"
#include "bench/gload/modes.h"

namespace weir::gload {
namespace {

constexpr std::size_t kTable = std::size_t{1} << 17;  // of 8 bytes: what a cache of 1 MiB holds
constexpr int kSteps = 20'000'000;

double work(std::uint64_t seed) {
  std::vector<std::uint64_t> table(kTable, seed);
  const Nanos begin = now_ns();
  std::uint64_t x = 88172645463325252U;
  for (int i = 0; i < kSteps; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    table[x % kTable] += x;
  }
  // Adds nothing that matters, but the work must be seen to be used.
  return static_cast<double>(now_ns() - begin + (table[5] == 42 ? 1 : 0)) / 1e6;
}

}  // namespace

int calibrate() {
  std::vector<double> milliseconds(std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < milliseconds.size(); ++i) {
    threads.emplace_back([&milliseconds, i] { milliseconds[i] = work(i + 1); });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%.1f\n", *std::max_element(milliseconds.begin(), milliseconds.end()));
  return 0;
}

}  // namespace weir::gload
