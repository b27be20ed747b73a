// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "bench/gload/clock.h"
#include "bench/gload/die.h"
#include "bench/gload/load.h"
#include "bench/gload/modes.h"

namespace weir::gload {
namespace {

constexpr Nanos kLook = kSecond / 4;
constexpr int kSteadyLooks = 4;  // in a row
constexpr Nanos kSettleTime = 60 * kSecond;
constexpr Nanos kLastAnswer = 60 * kSecond;

std::vector<std::uint64_t> memory(const Options& options) {
  std::vector<std::uint64_t> kib;
  for (const Process& process : options.processes) kib.push_back(resident_kib(process));
  return kib;
}

// The memory of the processes once it no longer changes.
std::vector<std::uint64_t> steady_memory(const Options& options, Load& load) {
  std::vector<std::uint64_t> last = memory(options);
  const Nanos limit = now_ns() + kSettleTime;
  for (int steady = 0; steady < kSteadyLooks && now_ns() < limit;) {
    const Nanos look = now_ns() + kLook;
    for (Nanos now = now_ns(); now < look; now = now_ns()) load.turn(look - now);
    std::vector<std::uint64_t> found = memory(options);
    steady = found == last ? steady + 1 : 0;
    last = std::move(found);
  }
  return last;
}

}  // namespace

int hold(const Options& options, Workload workload) {
  Load load(options, std::move(workload));
  load.stop();  // no call follows another
  const std::vector<std::uint64_t> idle = steady_memory(options, load);
  load.start();
  const std::vector<std::uint64_t> held = steady_memory(options, load);

  nlohmann::ordered_json json;
  json["tool"] = "gload";
  json["held"] = load.under_way();
  for (std::size_t i = 0; i < options.processes.size(); ++i) {
    auto& process = json["memory"][options.processes[i].name];
    process["idle_kib"] = idle[i];
    process["held_kib"] = held[i];
    const double kib = static_cast<double>(held[i]) - static_cast<double>(idle[i]);
    const double calls = static_cast<double>(std::max<std::uint64_t>(1, load.under_way()));
    process["kib_per_call"] = std::round(kib / calls * 1000) / 1000;
  }
  std::cout << json << std::endl;

  const Nanos limit = now_ns() + kLastAnswer;
  while (load.under_way() > 0) {
    if (now_ns() > limit) die("answers are still missing after a minute");
    load.turn(kLook);
  }
  if (load.counts().wrong == 0) return 0;
  std::fprintf(stderr, "gload: %llu wrong answers, the first: %s\n",
               static_cast<unsigned long long>(load.counts().wrong),
               load.counts().first_wrong.c_str());
  return 1;
}

}  // namespace weir::gload
