// SPDX-License-Identifier: Apache-2.0
#pragma once

// Span: one piece of work of a sampled trace, from its construction to its destruction. Rust: a
// tracing::Span that is entered for as long as it lives.
//
//     co_await with_span(context, "dashboard.posts", read_posts(user));   // with_span.h
//
//     if (context.span() != nullptr) {
//       Span span(context, "GET", Span::Kind::kClient);
//
// A task's span is in its Context, and null if its trace is not sampled: then all that tracing
// costs is to look. It is never in a thread-local.
//
// Trap: a Context refers to its span, so the span must outlive the tasks below it. Work that
// outlives them (a load that others have joined) takes a SpanRef, a value.
// Thread: one at a time.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "async/context.h"
#include "telemetry/trace_context.h"

namespace weir {
namespace telemetry {

class Tracer;

// What came with a call and goes on to whom it calls, unread.
struct Carried {
  std::string trace_state;
  std::string baggage;
};

// Where a span may begin below another.
struct SpanRef {
  Tracer* tracer = nullptr;  // null: of no span
  TraceContext context;
  std::shared_ptr<const Carried> carried;  // null: nothing came
};

}  // namespace telemetry

class Span {
 public:
  enum class Kind : unsigned char { kInternal = 1, kServer = 2, kClient = 3 };  // OTLP's numbers

  // Below the task's current span, of which there must be one; says how much of the deadline is
  // left.
  Span(const Context& context, absl::string_view name, Kind kind);
  // Below `parent`, which may be over by now.
  Span(const telemetry::SpanRef& parent, absl::string_view name, Kind kind);
  // The first of this process: `own`, of a sampled trace; `parent` is the caller's, or null: then
  // it is a root.
  Span(telemetry::SpanRef own, const telemetry::TraceContext* parent, absl::string_view name,
       Kind kind);
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  void set(absl::string_view key, absl::string_view value);
  void set(absl::string_view key, std::int64_t value);
  // In microseconds, as all of ours.
  void set(absl::string_view key, Duration time);
  // Another span that has to do with this one.
  void link(const telemetry::TraceContext& other);
  // Says that the work failed.
  void fail(absl::string_view error_type);
  // The same for a status that is not OK.
  void end_with(const absl::Status& status);

  const telemetry::SpanRef& ref() const { return ref_; }

 private:
  void begin(absl::string_view name, Kind kind);

  telemetry::SpanRef ref_;
  std::string encoded_;  // an OTLP Span, so far
};

inline telemetry::SpanRef span_ref(const Context& context) {
  return context.span() != nullptr ? context.span()->ref() : telemetry::SpanRef{};
}

}  // namespace weir
