// SPDX-License-Identifier: Apache-2.0
#pragma once

// Context: what a task inherits from the one that awaits or spawns it: its loop, its deadline, its
// cancellation and its span. Tokio: the runtime handle, plus what Rust passes by hand.
//
// It travels in the coroutine's promise, never in a thread-local (a thread-local is wrong after the
// first co_await: opentelemetry-cpp#2165, google-cloud-cpp#12880), so nothing is passed by hand:
//
//     const Context& context = co_await this_context();
//
// Lifetime: a context belongs to the scope that made it and outlives every task inside that scope.
// Thread: read it on its loop.

#include "absl/status/status.h"
#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/time.h"

namespace weir {

// The current span of a trace, opaque here; telemetry/span.h knows what it is.
class Span;

class Context {
 public:
  Context(EventLoop& loop, CancelScope& scope, TimePoint deadline = kForever, Span* span = nullptr)
      : loop_(&loop), scope_(&scope), deadline_(deadline), span_(span) {}

  EventLoop& loop() const { return *loop_; }
  CancelScope& scope() const { return *scope_; }
  Span* span() const { return span_; }

  // When the scope's owner will cancel it. Leaves need not watch the clock: they are told through
  // the scope. It is here for those who pass it on, to a database or to another service.
  TimePoint deadline() const { return deadline_; }
  // Never negative.
  Duration remaining() const {
    if (deadline_ == kForever) return Duration::max();
    const TimePoint now = loop_->now();
    return deadline_ > now ? deadline_ - now : Duration::zero();
  }

  bool is_cancelled() const { return scope_->is_cancelled(); }
  // OK, CANCELLED or DEADLINE_EXCEEDED. A loop that awaits nothing checks it now and then.
  absl::Status status() const { return scope_->status(); }

  // The same context in another scope, which must be below this one's or shielded from it.
  Context with_scope(CancelScope& scope) const { return Context(*loop_, scope, deadline_, span_); }
  Context with_deadline(TimePoint deadline) const {
    return Context(*loop_, *scope_, deadline, span_);
  }
  Context with_span(Span* span) const { return Context(*loop_, *scope_, deadline_, span); }

 private:
  EventLoop* loop_;
  CancelScope* scope_;
  TimePoint deadline_;
  Span* span_;
};

}  // namespace weir
