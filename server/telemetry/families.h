// SPDX-License-Identifier: Apache-2.0
#pragma once

// Families: the metrics of one scrape, built up by name. Rust: a prometheus::core::Collector's
// collect().
//
//     Families families;
//     families.counter("weir_redis_commands_total", "Commands accepted.", {}, stats.commands);
//     families.histogram("weir_turn_seconds", "...", {{"loop", "0"}}, cells.turn);
//     return families.text();
//
// Rows of one name must follow each other. Labels come from sets that the program bounds: methods,
// codes, statements, loops; never from what a client sends.

#include <prometheus/metric_family.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/cells.h"

namespace weir::telemetry {

class Families {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void counter(const char* name, const char* help, Labels labels, double value);
  void gauge(const char* name, const char* help, Labels labels, double value);
  template <class Cell>
  void histogram(const char* name, const char* help, Labels labels,
                 const BasicHistogram<Cell>& source);

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";
  // Prometheus' text format, version 0.0.4.
  std::string text() const;

 private:
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type,
                                Labels labels);

  std::vector<prometheus::MetricFamily> families_;
};

template <class Cell>
void Families::histogram(const char* name, const char* help, Labels labels,
                         const BasicHistogram<Cell>& source) {
  auto& histogram = add(name, help, prometheus::MetricType::Histogram, std::move(labels)).histogram;
  const Bounds& bounds = source.bounds();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds.upper.size(); ++i) {
    count += source.bucket(i);
    const double upper = i < bounds.upper.size()
                             ? static_cast<double>(bounds.upper[i]) / bounds.per_unit
                             : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({count, upper});
  }
  histogram.sample_count = count;
  histogram.sample_sum = static_cast<double>(source.sum()) / bounds.per_unit;
}

}  // namespace weir::telemetry
