// SPDX-License-Identifier: Apache-2.0
#pragma once

// with_span(context, "...", task): the task under a child of the context's span, which ends with it
// and carries its error. Rust: tracing's Instrument::instrument.
//
//     co_await with_span(context, "dashboard.posts", read_posts(user));
//
// `context` is that of the task that will await it. Without a span in it, it is the task itself
// that comes back: what is not sampled has no frame here.

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

template <class T>
Task<T> in_child(const char* name, Task<T> task) {
  const Context& context = co_await this_context();
  Span span(context, name, Span::Kind::kInternal);
  co_return co_await inside(span, std::move(task));
}

template <class T>
Task<T> in_child_of(telemetry::SpanRef parent, const char* name, Task<T> task) {
  Span span(parent, name, Span::Kind::kInternal);
  co_return co_await inside(span, std::move(task));
}

template <class T>
Task<T> in_root(telemetry::SpanRef root, const char* name, Task<T> task) {
  Span span(std::move(root), nullptr, name, Span::Kind::kInternal);
  co_return co_await inside(span, std::move(task));
}

}  // namespace detail

// `name` must outlive the task: a literal.
template <class T>
Task<T> with_span(const Context& context, const char* name, Task<T> task) {
  if (context.span() == nullptr) return task;
  return detail::in_child(name, std::move(task));
}

// The same below `parent`, of what outlives the task that has it; it may be of no span.
template <class T>
Task<T> with_span_below(telemetry::SpanRef parent, const char* name, Task<T> task) {
  if (parent.tracer == nullptr) return task;
  return detail::in_child_of(std::move(parent), name, std::move(task));
}

// As the root of a trace of its own, if that is sampled: work that nobody called for. `tracer` may
// be null.
template <class T>
Task<T> with_new_trace(telemetry::Tracer* tracer, const char* name, Task<T> task) {
  std::optional<telemetry::TraceContext> own;
  if (tracer != nullptr) own = tracer->begin(nullptr);
  if (!own) return task;
  telemetry::SpanRef root;
  root.tracer = tracer;
  root.context = *own;
  return detail::in_root(std::move(root), name, std::move(task));
}

}  // namespace weir
