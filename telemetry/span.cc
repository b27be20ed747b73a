// SPDX-License-Identifier: Apache-2.0
#include "telemetry/span.h"

#include <utility>

#include "telemetry/tracer.h"
#include "telemetry/wire.h"

namespace weir {
namespace {

using telemetry::SpanRef;
using telemetry::TraceContext;
namespace wire = telemetry::wire;

// The fields of an OTLP Span, Link and Status.
enum Field : unsigned {
  kTraceId = 1,
  kSpanId = 2,
  kTraceState = 3,
  kParentSpanId = 4,
  kName = 5,
  kKind = 6,
  kStart = 7,
  kEnd = 8,
  kAttribute = 9,
  kLink = 13,
  kStatus = 15,
  kStatusCode = 3,
};
constexpr std::uint64_t kError = 2;
constexpr std::size_t kUsualSize = 384;

std::uint64_t unix_nanoseconds() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

Span::Span(const Context& context, absl::string_view name, Kind kind)
    : Span(context.span()->ref(), name, kind) {
  if (context.deadline() != kForever) set("weir.deadline_left_us", context.remaining());
}

Span::Span(const SpanRef& parent, absl::string_view name, Kind kind) : ref_(parent) {
  ref_.context.span_id = ref_.tracer->new_span_id();
  begin(name, kind);
  wire::bytes(encoded_, kParentSpanId, wire::view(parent.context.span_id));
}

Span::Span(SpanRef own, const TraceContext* parent, absl::string_view name, Kind kind)
    : ref_(std::move(own)) {
  begin(name, kind);
  if (parent != nullptr) wire::bytes(encoded_, kParentSpanId, wire::view(parent->span_id));
}

void Span::begin(absl::string_view name, Kind kind) {
  encoded_.reserve(kUsualSize);
  wire::bytes(encoded_, kTraceId, wire::view(ref_.context.trace_id));
  wire::bytes(encoded_, kSpanId, wire::view(ref_.context.span_id));
  wire::bytes(encoded_, kName, name);
  wire::number(encoded_, kKind, static_cast<std::uint64_t>(kind));
  wire::fixed64(encoded_, kStart, unix_nanoseconds());
  if (ref_.carried != nullptr && !ref_.carried->trace_state.empty()) {
    wire::bytes(encoded_, kTraceState, ref_.carried->trace_state);
  }
}

Span::~Span() {
  wire::fixed64(encoded_, kEnd, unix_nanoseconds());
  ref_.tracer->submit(encoded_);
}

void Span::set(absl::string_view key, absl::string_view value) {
  wire::attribute(encoded_, kAttribute, key, value);
}

void Span::set(absl::string_view key, std::int64_t value) {
  wire::attribute(encoded_, kAttribute, key, value);
}

void Span::set(absl::string_view key, Duration time) {
  set(key, std::int64_t{std::chrono::duration_cast<std::chrono::microseconds>(time).count()});
}

void Span::link(const TraceContext& other) {
  std::string link;
  wire::bytes(link, kTraceId, wire::view(other.trace_id));
  wire::bytes(link, kSpanId, wire::view(other.span_id));
  wire::bytes(encoded_, kLink, link);
}

void Span::fail(absl::string_view error_type) {
  set("error.type", error_type);
  std::string status;
  wire::number(status, kStatusCode, kError);
  wire::bytes(encoded_, kStatus, status);
}

void Span::end_with(const absl::Status& status) {
  if (!status.ok()) fail(absl::StatusCodeToString(status.code()));
}

}  // namespace weir
