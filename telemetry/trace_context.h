// SPDX-License-Identifier: Apache-2.0
#pragma once

// TraceContext: which span of which trace, as W3C's traceparent carries it from service to service.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::telemetry {

struct TraceContext {
  std::array<unsigned char, 16> trace_id{};
  std::array<unsigned char, 8> span_id{};
  bool is_sampled = false;
};

// nullopt for what the W3C recommendation says to ignore. Of a version later than 00 the known part
// counts.
std::optional<TraceContext> parse_traceparent(absl::string_view header);
std::string to_traceparent(const TraceContext& context);

// In lower case.
std::string to_hex(const unsigned char* bytes, std::size_t size);

}  // namespace weir::telemetry
