// SPDX-License-Identifier: Apache-2.0
#pragma once

// with_span("...", task): runs the task under a child of the current span, which ends with it and
// carries its error. Rust: tracing's Instrument::instrument. Without a current span it only awaits
// the task.

#include <utility>

#include "async/detail/under.h"
#include "async/task.h"
#include "telemetry/span.h"

namespace weir {

// `name` must outlive the task: a literal. `parent` may be of no span.
template <class T>
Task<T> with_span_below(telemetry::SpanRef parent, const char* name, Task<T> task) {
  const Context& context = co_await this_context();
  if (parent.tracer == nullptr) co_return co_await std::move(task);
  Span span(parent, name, Span::Kind::kInternal);
  const Context inside = context.with_span(&span);
  detail::Under under(inside, std::move(task));
  T result = co_await under;
  if constexpr (detail::kIsFallible<T>) span.end_with(detail::status_of(result));
  co_return result;
}

template <class T>
Task<T> with_span(const char* name, Task<T> task) {
  const Context& context = co_await this_context();
  if (context.span() == nullptr) co_return co_await std::move(task);
  co_return co_await with_span_below(context.span()->ref(), name, std::move(task));
}

}  // namespace weir
