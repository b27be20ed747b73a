// SPDX-License-Identifier: Apache-2.0
#include "async/with_scope.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "async/or_return.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::status_after;
using testing::until_cancelled;

absl::Status broken() { return absl::InternalError("broken"); }

Task<void> throws_after(Duration time) {
  (void)co_await sleep(time);
  throw std::runtime_error("thrown");
}

ASYNC_TEST(WithScope, YieldsTheBodysValueOnceItsTasksHaveEnded) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto body = [](TaskScope& scope) -> Task<absl::StatusOr<int>> {
    scope.spawn(status_after(5s, absl::OkStatus()));
    co_return 7;
  };
  const absl::StatusOr<int> result = co_await with_scope(body);
  EXPECT_EQ(result.value(), 7);
  EXPECT_EQ(context.loop().now(), begin + 5s);
}

ASYNC_TEST(WithScope, EndsWithTheFirstErrorOfATaskAndStopsTheRest) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto body = [](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(until_cancelled());
    scope.spawn(status_after(1s, broken()));
    scope.spawn(status_after(2s, absl::DataLossError("too late")));
    co_return co_await until_cancelled();
  };
  const absl::Status status = co_await with_scope(body);
  EXPECT_EQ(status, broken());
  EXPECT_EQ(context.loop().now(), begin + 1s);
  EXPECT_FALSE(context.is_cancelled());
}

ASYNC_TEST(WithScope, StopsItsTasksWhenTheBodyFails) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto body = [](TaskScope& scope) -> Task<absl::StatusOr<int>> {
    scope.spawn(until_cancelled());
    co_await or_return(status_after(1s, broken()));
    co_return 1;
  };
  const absl::StatusOr<int> result = co_await with_scope(body);
  EXPECT_EQ(result.status(), broken());
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(WithScope, TakesAVoluntaryCancelForSuccess) {
  auto body = [](TaskScope& scope) -> Task<absl::StatusOr<int>> {
    scope.spawn(until_cancelled());
    scope.spawn(until_cancelled());
    (void)co_await sleep(1s);
    scope.cancel();
    co_return 3;
  };
  const absl::StatusOr<int> result = co_await with_scope(body);
  EXPECT_EQ(result.value(), 3);
}

ASYNC_TEST(WithScope, StillReportsARealErrorAfterAVoluntaryCancel) {
  auto fails_when_stopped = []() -> Task<absl::Status> {
    (void)co_await until_cancelled();
    co_return broken();
  };
  auto body = [&fails_when_stopped](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(fails_when_stopped());
    (void)co_await sleep(1s);
    scope.cancel();
    co_return absl::OkStatus();
  };
  const absl::Status status = co_await with_scope(body);
  EXPECT_EQ(status, broken());
}

ASYNC_TEST(WithScope, ThrowsWhatATaskThrewAfterStoppingTheRest) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  auto body = [](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(throws_after(1s));
    co_return co_await until_cancelled();
  };
  std::string caught;
  try {
    (void)co_await with_scope(body);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "thrown");
  EXPECT_EQ(context.loop().now(), begin + 1s);
}

ASYNC_TEST(WithScope, WaitsForItsTasksWhenTheBodyThrows) {
  int alive = 0;
  auto holds = [](Alive held) -> Task<absl::Status> {
    (void)held;
    co_return co_await until_cancelled();
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(holds, Alive(alive));
    co_await throws_after(1s);
    co_return absl::OkStatus();
  };
  bool caught = false;
  try {
    (void)co_await with_scope(body);
  } catch (const std::runtime_error&) {
    caught = true;
    EXPECT_EQ(alive, 0);
  }
  EXPECT_TRUE(caught);
}

ASYNC_TEST(WithScope, EndsWithItsCallersDeadline) {
  auto body = [](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(until_cancelled());
    co_return absl::OkStatus();
  };
  auto outer = [&body]() -> Task<absl::Status> { co_return co_await with_scope(body); };
  const absl::Status status = co_await timeout(1s, outer());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
}

ASYNC_TEST(WithScope, OwnsABodyWithCapturesUntilItsEnd) {
  int alive = 0;
  auto body = [held = Alive(alive), text = std::make_unique<std::string>("kept")](
                  TaskScope&) -> Task<absl::StatusOr<std::string>> {
    (void)co_await sleep(1s);
    co_return *text;
  };
  const absl::StatusOr<std::string> result = co_await with_scope(std::move(body));
  EXPECT_EQ(result.value(), "kept");
}

ASYNC_TEST(WithScope, LetsATaskSpawnTasks) {
  int ended = 0;
  auto leaf = [](int& count) -> Task<void> {
    (void)co_await sleep(1s);
    ++count;
  };
  auto branch = [&leaf](TaskScope& scope, int& count) -> Task<absl::Status> {
    (void)co_await sleep(1s);
    scope.spawn(leaf(count));
    scope.spawn(leaf(count));
    co_return absl::OkStatus();
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(branch(scope, ended));
    co_return absl::OkStatus();
  };
  const absl::Status status = co_await with_scope(body);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(ended, 2);
}

}  // namespace
}  // namespace weir
