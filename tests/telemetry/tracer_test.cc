// SPDX-License-Identifier: Apache-2.0
#include "telemetry/tracer.h"

#include <gtest/gtest.h>

#include <optional>

#include "async/testing/async_test.h"
#include "telemetry/with_span.h"

namespace weir::telemetry {
namespace {

TracerOptions options_of(double ratio, bool follows_parent = true) {
  TracerOptions options;
  options.ratio = ratio;
  options.follows_parent = follows_parent;
  return options;
}

int sampled_of_1000(Tracer& tracer) {
  int sampled = 0;
  for (int i = 0; i < 1000; ++i) sampled += tracer.begin(nullptr).has_value() ? 1 : 0;
  return sampled;
}

TEST(Tracer, SamplesTheShareItIsTold) {
  Tracer all(options_of(1));
  Tracer none(options_of(0));
  Tracer half(options_of(0.5));
  EXPECT_EQ(sampled_of_1000(all), 1000);
  EXPECT_EQ(sampled_of_1000(none), 0);
  EXPECT_NEAR(sampled_of_1000(half), 500, 100);  // six standard deviations
}

TEST(Tracer, FollowsTheCallerWhateverTheShare) {
  TraceContext caller;
  caller.trace_id[15] = 1;
  caller.span_id[0] = 1;
  caller.is_sampled = true;
  Tracer none(options_of(0));
  const auto own = none.begin(&caller);
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->trace_id, caller.trace_id);
  EXPECT_NE(own->span_id, caller.span_id);
  Tracer all(options_of(1));
  caller.is_sampled = false;
  EXPECT_FALSE(all.begin(&caller).has_value());
  Tracer by_itself(options_of(1, false));
  EXPECT_TRUE(by_itself.begin(&caller).has_value());
}

TEST(Tracer, WhatFindsNoRoomIsDroppedAndCounted) {
  TracerOptions options;
  options.max_queue = 3;
  options.max_batch = 2;
  Tracer tracer(options);
  for (int i = 0; i < 5; ++i) tracer.submit("span");
  EXPECT_EQ(tracer.stats().ended, 5u);
  EXPECT_EQ(tracer.stats().dropped, 2u);
  EXPECT_FALSE(tracer.begin(nullptr).has_value()) << "nothing is made that has no room";
  EXPECT_EQ(tracer.stats().dropped_traces, 1u);
  EXPECT_EQ(tracer.stats().dropped, 2u) << "a trace is no span";
  EXPECT_EQ(tracer.stats().ended, 5u);
  EXPECT_EQ(tracer.take().count, 2u);
  EXPECT_TRUE(tracer.begin(nullptr).has_value());
  tracer.stop();
  EXPECT_EQ(tracer.take().count, 1u);
  EXPECT_EQ(tracer.take().count, 0u);
}

Task<absl::StatusOr<Span*>> current_span() {
  const Context& context = co_await this_context();
  co_return context.span();
}

ASYNC_TEST(WithSpan, WithoutACurrentSpanOnlyAwaits) {
  const Context& context = co_await this_context();
  absl::StatusOr<Span*> inside = co_await with_span(context, "work", current_span());
  EXPECT_TRUE(inside.ok());
  EXPECT_EQ(*inside, nullptr);
}

ASYNC_TEST(WithSpan, TheTaskRunsUnderAChildThatEndsWithIt) {
  Tracer tracer(options_of(1));
  SpanRef parent;
  parent.tracer = &tracer;
  parent.context = *tracer.begin(nullptr);
  absl::StatusOr<Span*> inside = co_await with_span_below(parent, "work", current_span());
  EXPECT_TRUE(inside.ok());
  EXPECT_NE(*inside, nullptr);
  EXPECT_EQ(tracer.stats().ended, 1u);
}

}  // namespace
}  // namespace weir::telemetry
