// SPDX-License-Identifier: Apache-2.0
#include "server/telemetry/traces.h"

#include "server/log/sink.h"

namespace weir::telemetry {

Traces::Traces(const TraceOptions& options) {
  for (const std::string& warning : options.warnings) {
    log::warning("traces", {{"message", warning}});
  }
  if (!options.enabled) return;
  tracer_.emplace(options.tracer);
  exporter_.emplace(*tracer_, options, log::under("spans"));
}

}  // namespace weir::telemetry
