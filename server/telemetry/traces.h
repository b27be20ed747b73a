// SPDX-License-Identifier: Apache-2.0
#pragma once

// Traces: a tracer and what exports it, if OpenTelemetry's variables ask for them.
//
// Lifetime: whatever has spans ends before it; the destructor sends what is left.

#include <optional>

#include "telemetry/span_exporter.h"

namespace weir::telemetry {

class Traces {
 public:
  explicit Traces(const TraceOptions& options);

  // Null: no traces.
  Tracer* tracer() { return tracer_ ? &*tracer_ : nullptr; }

  // Sends what there is, and nothing after it: for a process that ends without its destructors.
  void flush() { exporter_.reset(); }

 private:
  std::optional<Tracer> tracer_;
  std::optional<SpanExporter> exporter_;
};

}  // namespace weir::telemetry
