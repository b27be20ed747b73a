// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "bench/gload/clock.h"
#include "bench/gload/die.h"
#include "bench/gload/load.h"
#include "bench/gload/modes.h"

namespace weir::gload {
namespace {

constexpr Nanos kStep = kSecond / 10;
constexpr Nanos kLastAnswer = 30 * kSecond;

class Surge {
 public:
  Surge(const Options& options, Workload workload)
      : options_(options), load_(options, std::move(workload)) {}

  void run() {
    load_.start();
    load_.start_counting();
    begun_ = now_ns();
    Nanos end = begun_;
    for (const Options::Phase& phase : options_.surge) {
      load_.set_rate(phase.rate);
      Load::Counts counts;
      for (Nanos to = end + static_cast<Nanos>(phase.seconds * 1e9); end < to; end += kStep) {
        run_until(end + kStep);
        take_step(phase.rate, counts);
      }
      nlohmann::ordered_json whole = describe(phase.rate, counts);
      whole["seconds"] = phase.seconds;
      phases_.push_back(std::move(whole));
    }
    load_.stop();
    const Nanos limit = now_ns() + kLastAnswer;
    while (load_.under_way() > 0) {
      if (now_ns() > limit) die("answers are still missing 30 s after the end");
      load_.turn(kStep);
    }
    note_wrong(load_.counts());
  }

  nlohmann::ordered_json report() const {
    return {{"tool", "gload"}, {"wrong", wrong_}, {"phases", phases_}, {"steps", steps_}};
  }
  std::uint64_t wrong() const { return wrong_; }
  const std::string& first_wrong() const { return first_wrong_; }

 private:
  void run_until(Nanos end) {
    for (Nanos now = now_ns(); now < end; now = now_ns()) load_.turn(end - now);
  }

  static nlohmann::ordered_json describe(double rate, const Load::Counts& counts) {
    return {{"rate", rate},
            {"arrivals", counts.arrivals},
            {"right", counts.right},
            {"refused", counts.refused},
            {"p50_us", counts.latency.at(0.5)},
            {"p99_us", counts.latency.at(0.99)}};
  }

  void take_step(double rate, Load::Counts& phase) {
    const Load::Counts counts = load_.take_counts();
    note_wrong(counts);
    phase.arrivals += counts.arrivals;
    phase.right += counts.right;
    phase.refused += counts.refused;
    phase.latency.add_all_of(counts.latency);
    nlohmann::ordered_json step = describe(rate, counts);
    step["at"] = std::round(static_cast<double>(now_ns() - begun_) / 1e6) / 1e3;
    for (const Process& process : options_.processes) {
      step["kib"][process.name] = resident_kib(process);
    }
    steps_.push_back(std::move(step));
  }

  void note_wrong(const Load::Counts& counts) {
    wrong_ += counts.wrong;
    if (first_wrong_.empty()) first_wrong_ = counts.first_wrong;
  }

  const Options& options_;
  Load load_;
  Nanos begun_ = 0;
  nlohmann::ordered_json phases_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json steps_ = nlohmann::ordered_json::array();
  std::uint64_t wrong_ = 0;
  std::string first_wrong_;
};

}  // namespace

int surge(const Options& options, Workload workload) {
  Surge surge(options, std::move(workload));
  surge.run();
  std::cout << surge.report() << std::endl;
  if (surge.wrong() == 0) return 0;
  std::fprintf(stderr, "gload: %llu wrong answers, the first: %s\n",
               static_cast<unsigned long long>(surge.wrong()), surge.first_wrong().c_str());
  return 1;
}

}  // namespace weir::gload
