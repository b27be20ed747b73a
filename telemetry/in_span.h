// SPDX-License-Identifier: Apache-2.0
#pragma once

// in_span(context, "...", fn): a function to give to another thread, which runs `fn` in a span
// below the current one; how long it waited for the thread is on it. Rust: a closure that enters a
// span.
//
//     auto work = in_span(context, "argon2", [password] { ... });
//     ... co_await spawn_blocking(pool, std::move(work));
//
// A job that never began has no span. One that runs on after its caller was told to stop has its
// own all the same. Lifetime: `name` is a literal.

#include <chrono>
#include <utility>

#include "telemetry/span.h"

namespace weir {

template <class F>
auto in_span(const Context& context, const char* name, F fn) {
  const TimePoint asked = std::chrono::steady_clock::now();
  return [parent = span_ref(context), name, asked, fn = std::move(fn)]() mutable {
    if (parent.tracer == nullptr) return fn();
    Span span(parent, name, Span::Kind::kInternal);
    span.set("weir.queue_us", Duration(std::chrono::steady_clock::now() - asked));
    return fn();
  };
}

}  // namespace weir
