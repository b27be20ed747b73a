// SPDX-License-Identifier: Apache-2.0
#include "server/telemetry/families.h"

#include <prometheus/text_serializer.h>

namespace weir::telemetry {

prometheus::ClientMetric& Families::add(const char* name, const char* help,
                                        prometheus::MetricType type, Labels labels) {
  if (families_.empty() || families_.back().name != name) {
    families_.push_back({name, help, type, {}});
  }
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  for (auto& [label, value] : labels) metric.label.push_back({label, std::move(value)});
  return metric;
}

void Families::counter(const char* name, const char* help, Labels labels, double value) {
  add(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value = value;
}

void Families::gauge(const char* name, const char* help, Labels labels, double value) {
  add(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
}

std::string Families::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace weir::telemetry
