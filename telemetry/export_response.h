// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a collector says of the spans it was sent, in OTLP's ExportTraceServiceResponse.

#include <cstdint>

#include "absl/strings/string_view.h"

namespace weir::telemetry {

// How many spans the collector took and threw away: partial_success = 1 {rejected_spans = 1}. 0 of
// what cannot be read.
std::uint64_t rejected_in(absl::string_view response);

}  // namespace weir::telemetry
