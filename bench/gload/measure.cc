// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
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

constexpr Nanos kTurn = kSecond / 10;
constexpr Nanos kLastAnswer = 10 * kSecond;

// What had been used by one moment; the measurement is the difference of two.
struct Used {
  Nanos when = 0;
  std::vector<double> cpu;  // of each process
  double own = 0;
  Machine machine;
};

Used used_by_now(const Options& options) {
  Used used;
  for (const Process& process : options.processes) used.cpu.push_back(cpu_seconds(process));
  used.own = own_cpu_seconds();
  used.machine = machine_seconds();
  used.when = now_ns();
  return used;
}

// The third decimal is below what any of this can tell.
double rounded(double value) { return std::round(value * 1000) / 1000; }

nlohmann::ordered_json report(const Options& options, const Load::Counts& counts,
                              const Used& before, const Used& after) {
  const double seconds = static_cast<double>(after.when - before.when) / 1e9;
  const Histogram& latency = counts.latency;
  nlohmann::ordered_json json;
  json["tool"] = "gload";
  json["seconds"] = rounded(seconds);
  json["requests"] = counts.right;
  json["bad"] = counts.wrong;
  json["rps"] = rounded(static_cast<double>(counts.right) / seconds);
  json["mean_us"] = rounded(latency.mean());
  json["p50_us"] = latency.at(0.5);
  json["p90_us"] = latency.at(0.9);
  json["p99_us"] = latency.at(0.99);
  json["p999_us"] = latency.at(0.999);
  json["max_us"] = latency.max();
  json["reply_bytes"] = rounded(static_cast<double>(counts.answer_bytes) /
                                static_cast<double>(std::max<std::uint64_t>(1, latency.count())));
  json["cpu"]["client"] = rounded(after.own - before.own);
  for (std::size_t i = 0; i < options.processes.size(); ++i) {
    json["cpu"][options.processes[i].name] = rounded(after.cpu[i] - before.cpu[i]);
  }
  json["machine"]["busy"] = rounded(after.machine.busy - before.machine.busy);
  json["machine"]["softirq"] = rounded(after.machine.softirq - before.machine.softirq);
  json["machine"]["steal"] = rounded(after.machine.steal - before.machine.steal);
  return json;
}

}  // namespace

int measure(const Options& options, Workload workload) {
  Load load(options, std::move(workload));
  load.start();
  const auto run_for = [&load](double seconds) {
    const Nanos end = now_ns() + static_cast<Nanos>(seconds * 1e9);
    for (Nanos now = now_ns(); now < end; now = now_ns()) load.turn(std::min(kTurn, end - now));
  };
  run_for(options.warmup);
  const Used before = used_by_now(options);
  load.start_counting();
  run_for(options.duration);
  load.stop_counting();
  const Used after = used_by_now(options);

  load.stop();
  const Nanos limit = now_ns() + kLastAnswer;
  while (load.under_way() > 0) {
    if (now_ns() > limit) die("answers are still missing 10 s after the end");
    load.turn(kTurn);
  }
  std::cout << report(options, load.counts(), before, after) << std::endl;
  if (load.counts().wrong == 0) return 0;
  std::fprintf(stderr, "gload: %llu wrong answers, the first: %s\n",
               static_cast<unsigned long long>(load.counts().wrong),
               load.counts().first_wrong.c_str());
  return 1;
}

}  // namespace weir::gload
