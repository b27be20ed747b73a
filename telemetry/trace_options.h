// SPDX-License-Identifier: Apache-2.0
#pragma once

// TraceOptions: OpenTelemetry's own variables, read once at the start. Traces are off until one of
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_TRACES_EXPORTER=otlp is
// set: a collector that is not there is not looked for.

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "telemetry/tracer.h"

namespace weir::telemetry {

struct TraceOptions {
  bool enabled = false;
  TracerOptions tracer;

  std::string target;  // host:port
  bool is_secure = false;
  std::string certificate_file;  // of who signs the collector's; empty: the system's
  std::string client_key_file;
  std::string client_certificate_file;
  std::vector<std::pair<std::string, std::string>> headers;
  bool gzip = false;
  Duration timeout = std::chrono::seconds(10);         // of an attempt
  Duration export_timeout = std::chrono::seconds(30);  // of all attempts at a batch

  std::vector<std::pair<std::string, std::string>> resource;  // service.name and the like

  // What OpenTelemetry allows and is not supported here: for the log, once.
  std::vector<std::string> warnings;
};

// INVALID_ARGUMENT names the variable that is wrong. Numbers and times all have a bound.
absl::StatusOr<TraceOptions> trace_options_from_environment();

}  // namespace weir::telemetry
