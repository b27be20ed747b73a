// SPDX-License-Identifier: Apache-2.0
#pragma once

// Trace context and baggage in and out of a call's metadata, as the W3C says: the headers
// traceparent, tracestate and baggage. Rust: opentelemetry's TextMapPropagator.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "telemetry/span.h"

namespace weir::telemetry {

// What came with a call besides its traceparent, or null. `find(name)` is the header of that name,
// or empty. What is longer than the recommendations ask to carry is left behind.
template <class Find>
std::shared_ptr<const Carried> carry(const Find& find) {
  constexpr std::size_t kMaxTraceState = 512;
  constexpr std::size_t kMaxBaggage = 8192;
  absl::string_view state = find("tracestate");
  absl::string_view baggage = find("baggage");
  if (state.size() > kMaxTraceState) state = {};
  if (baggage.size() > kMaxBaggage) baggage = {};
  if (state.empty() && baggage.empty()) return nullptr;
  return std::make_shared<const Carried>(Carried{std::string(state), std::string(baggage)});
}

// Calls `add(name, value)` for each header of a call made below `span`.
template <class Add>
void inject(const Span& span, const Add& add) {
  add("traceparent", to_traceparent(span.ref().context));
  const Carried* carried = span.ref().carried.get();
  if (carried == nullptr) return;
  if (!carried->trace_state.empty()) add("tracestate", carried->trace_state);
  if (!carried->baggage.empty()) add("baggage", carried->baggage);
}

}  // namespace weir::telemetry
