// SPDX-License-Identifier: Apache-2.0
#include "async/context.h"

#include <gtest/gtest.h>

#include "async/join.h"
#include "async/join_set.h"
#include "async/shielded.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "async/with_scope.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::settle;

Task<TimePoint> deadline_here() {
  (void)co_await settle();
  const Context& context = co_await this_context();
  co_return context.deadline();
}

Task<const Context*> context_here() { co_return &co_await this_context(); }

ASYNC_TEST(Context, IsInheritedByAnAwaitedTask) {
  const Context& mine = co_await this_context();
  const Context* below = co_await context_here();
  EXPECT_EQ(below, &mine);
}

ASYNC_TEST(Context, HasNoDeadlineAtFirst) {
  const Context& context = co_await this_context();
  EXPECT_EQ(context.deadline(), kForever);
  EXPECT_EQ(context.remaining(), Duration::max());
  EXPECT_FALSE(context.is_cancelled());
  EXPECT_TRUE(context.status().ok());
}

ASYNC_TEST(Context, CarriesTheDeadlineIntoEveryKindOfChild) {
  const Context& context = co_await this_context();
  const TimePoint deadline = context.loop().now() + 10s;
  auto body = [](TimePoint expected) -> Task<absl::Status> {
    CurrentTask& self = co_await this_task();
    const auto [a, b] = co_await join(deadline_here(), deadline_here());
    EXPECT_EQ(a, expected);
    EXPECT_EQ(b, expected);
    JoinSet<TimePoint> set(self);
    set.spawn(deadline_here());
    const std::optional<TimePoint> spawned = co_await set.join_next();
    EXPECT_EQ(spawned, expected);
    auto in_scope = [&expected](TaskScope&) -> Task<absl::Status> {
      const TimePoint seen = co_await deadline_here();
      EXPECT_EQ(seen, expected);
      co_return absl::OkStatus();
    };
    co_return co_await with_scope(in_scope);
  };
  const absl::Status status = co_await timeout_at(deadline, body(deadline));
  EXPECT_TRUE(status.ok()) << status;
}

ASYNC_TEST(Context, KeepsTheEarlierOfTwoDeadlines) {
  const Context& context = co_await this_context();
  const TimePoint now = context.loop().now();
  const absl::StatusOr<TimePoint> inner =
      (co_await timeout_at(now + 5s, timeout_at(now + 9s, deadline_here()))).value();
  EXPECT_EQ(*inner, now + 5s);
}

ASYNC_TEST(Context, LosesTheDeadlineInAShield) {
  const absl::StatusOr<TimePoint> seen = co_await timeout(1s, shielded(deadline_here()));
  EXPECT_EQ(seen.value(), kForever);
}

ASYNC_TEST(Context, HasNothingRemainingOnceItsDeadlineHasPassed) {
  auto body = []() -> Task<void> {
    const Context& context = co_await this_context();
    EXPECT_EQ(context.remaining(), 1s);
    const absl::Status slept = co_await sleep(2s);
    EXPECT_TRUE(absl::IsDeadlineExceeded(slept));
    EXPECT_TRUE(absl::IsDeadlineExceeded(context.status()));
    EXPECT_EQ(context.remaining(), Duration::zero());
    auto late = []() -> Task<void> { (void)co_await sleep(3s); };
    co_await shielded(late());
    EXPECT_EQ(context.remaining(), Duration::zero());
  };
  const absl::Status status = co_await timeout(1s, body());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
}

TEST(Context, DerivesOthersThatDifferInOneThing) {
  testing::TestLoop loop(1);
  CancelScope outer;
  CancelScope inner(&outer);
  Span* const span = reinterpret_cast<Span*>(&loop);  // opaque here, only its address matters
  const Context context(loop, outer, TimePoint(5s));
  EXPECT_EQ(&context.with_scope(inner).scope(), &inner);
  EXPECT_EQ(context.with_scope(inner).deadline(), context.deadline());
  EXPECT_EQ(context.with_deadline(TimePoint(1s)).deadline(), TimePoint(1s));
  EXPECT_EQ(&context.with_deadline(TimePoint(1s)).scope(), &outer);
  EXPECT_EQ(context.span(), nullptr);
  EXPECT_EQ(context.with_span(span).span(), span);
  EXPECT_EQ(context.with_span(span).with_scope(inner).span(), span);
}

}  // namespace
}  // namespace weir
