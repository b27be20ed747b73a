// SPDX-License-Identifier: Apache-2.0
// The headers traceparent, tracestate and baggage, a line each.

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "telemetry/propagation.h"
#include "telemetry/trace_context.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  std::vector<absl::string_view> lines =
      absl::StrSplit(fuzz::text_of(data, size), absl::MaxSplits('\n', 2));
  lines.resize(3);
  if (const auto context = telemetry::parse_traceparent(lines[0])) {
    const std::string written = telemetry::to_traceparent(*context);
    const auto again = telemetry::parse_traceparent(written);
    fuzz::must(again.has_value());
    fuzz::must(again->trace_id == context->trace_id && again->span_id == context->span_id);
    fuzz::must(again->is_sampled == context->is_sampled);
  }
  const auto carried = telemetry::carry(
      [&lines](absl::string_view name) { return lines[name == "tracestate" ? 1 : 2]; });
  if (carried != nullptr) {
    fuzz::must(carried->trace_state.size() <= 512 && carried->baggage.size() <= 8192);
  }
  return 0;
}
