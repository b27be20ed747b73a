// SPDX-License-Identifier: Apache-2.0
#pragma once

// with_span("...", task): runs the task under a child of the current span, which ends with it and
// carries its error. Rust: tracing's Instrument::instrument. Without a current span it only awaits
// the task.

#include <optional>
#include <utility>

#include "async/detail/under.h"
#include "async/task.h"
#include "telemetry/span.h"
#include "telemetry/tracer.h"

namespace weir {
namespace detail {

template <class T>
Task<T> inside(Span& span, Task<T> task) {
  const Context& outside = co_await this_context();
  const Context context = outside.with_span(&span);
  Under under(context, std::move(task));
  T result = co_await under;
  if constexpr (kIsFallible<T>) span.end_with(status_of(result));
  co_return result;
}

}  // namespace detail

// `name` must outlive the task: a literal.
template <class T>
Task<T> with_span(const char* name, Task<T> task) {
  const Context& context = co_await this_context();
  if (context.span() == nullptr) co_return co_await std::move(task);
  Span span(context, name, Span::Kind::kInternal);
  co_return co_await detail::inside(span, std::move(task));
}

// The same below `parent`, of what outlives the task that has it; it may be of no span.
template <class T>
Task<T> with_span_below(telemetry::SpanRef parent, const char* name, Task<T> task) {
  if (parent.tracer == nullptr) co_return co_await std::move(task);
  Span span(parent, name, Span::Kind::kInternal);
  co_return co_await detail::inside(span, std::move(task));
}

// As the root of a trace of its own, if that is sampled: work that nobody called for. `tracer` may
// be null.
template <class T>
Task<T> with_new_trace(telemetry::Tracer* tracer, const char* name, Task<T> task) {
  std::optional<telemetry::TraceContext> own;
  if (tracer != nullptr) own = tracer->begin(nullptr);
  if (!own) co_return co_await std::move(task);
  telemetry::SpanRef root;
  root.tracer = tracer;
  root.context = *own;
  Span span(std::move(root), nullptr, name, Span::Kind::kInternal);
  co_return co_await detail::inside(span, std::move(task));
}

}  // namespace weir
