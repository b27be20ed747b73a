// SPDX-License-Identifier: Apache-2.0
#include "async/lost_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "async/join_set.h"
#include "async/named.h"
#include "async/testing/async_test.h"
#include "async/testing/lost_errors.h"
#include "async/with_scope.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LostErrors;
using ::testing::Not;
using testing::settle;
using testing::until_cancelled;
using testing::value_after;

Task<absl::Status> fails_to_refresh() {
  (void)co_await sleep(1s);
  co_return absl::UnavailableError("no route");
}

ASYNC_TEST(LostError, IsReportedWithTheTaskWhenItsSetGoesUnjoined) {
  LostErrors lost;
  {
    JoinSet<absl::Status> set(co_await this_task());
    set.spawn(named("refresh", fails_to_refresh()));
    set.spawn(value_after(1s, absl::OkStatus()));
    CO_ASSERT_OK(co_await sleep(2s));
    EXPECT_THAT(lost.take(), IsEmpty());  // it may still be joined
  }
  EXPECT_THAT(lost.take(),
              ElementsAre(ContainsRegex("\"refresh\", .*fails_to_refresh.* at "
                                        "lost_error_test.cc:[0-9]+, spawned for "
                                        "lost_error_test.cc:[0-9]+, ended with UNAVAILABLE: "
                                        "no route, and nobody looked")));
}

ASYNC_TEST(LostError, OfAStatusOrAndOfAnExceptionIsOneToo) {
  LostErrors lost;
  auto throws = []() -> Task<absl::StatusOr<int>> {
    (void)co_await settle();
    throw std::runtime_error("thrown");
  };
  {
    JoinSet<absl::StatusOr<int>> set(co_await this_task());
    set.spawn(value_after(1s, absl::StatusOr<int>(absl::DataLossError("torn"))));
    set.spawn(throws());
    CO_ASSERT_OK(co_await sleep(2s));
  }
  EXPECT_THAT(lost.take(),
              ElementsAre(HasSubstr("INTERNAL: it threw: thrown"), HasSubstr("DATA_LOSS: torn")));
}

ASYNC_TEST(LostError, OfALambdaCoroutineNamesTheLambdaAndNotWhatOwnsIt) {
  LostErrors lost;
  {
    JoinSet<absl::Status> set(co_await this_task());
    auto fails = [](std::string why) -> Task<absl::Status> { co_return absl::InternalError(why); };
    set.spawn(fails, std::string("broken"));
    auto named_one = [] { return named("nightly", fails_to_refresh()); };
    set.spawn(named_one);
    CO_ASSERT_OK(co_await sleep(2s));
  }
  EXPECT_THAT(lost.take(),
              ElementsAre(AllOf(ContainsRegex("at lost_error_test.cc:[0-9]+, spawned"),
                                Not(HasSubstr("call_owned")), HasSubstr("INTERNAL: broken")),
                          AllOf(HasSubstr("\"nightly\""), HasSubstr("fails_to_refresh"))));
}

ASYNC_TEST(LostError, IsNoneOnceItWasJoined) {
  LostErrors lost;
  {
    JoinSet<absl::Status> set(co_await this_task());
    set.spawn(fails_to_refresh());
    const std::optional<absl::Status> joined = co_await set.join_next();
    EXPECT_TRUE(joined.has_value() && absl::IsUnavailable(*joined));
  }
  EXPECT_THAT(lost.take(), IsEmpty());
}

ASYNC_TEST(LostError, IsNoneIfTheTaskAnswersARequestToStop) {
  LostErrors lost;
  {
    JoinSet<absl::Status> set(co_await this_task());
    set.spawn(until_cancelled());
    set.abort_all();
    CO_ASSERT_OK(co_await sleep(1s));
  }
  EXPECT_THAT(lost.take(), IsEmpty());
}

ASYNC_TEST(LostError, IsOneIfATaskToldToStopFailsOfItself) {
  LostErrors lost;
  {
    JoinSet<absl::Status> set(co_await this_task());
    set.spawn(value_after(1s, absl::Status(absl::DataLossError("half written"))));
    set.abort_all();
    CO_ASSERT_OK(co_await sleep(2s));
  }
  EXPECT_THAT(lost.take(), ElementsAre(HasSubstr("half written")));
}

ASYNC_TEST(LostError, OfATaskThatReportsGoesToTheHookAndStopsNothing) {
  LostErrors lost;
  const absl::Status status = co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(named("refresh", report_errors(fails_to_refresh())));
    scope.spawn(report_errors(value_after(1s, absl::OkStatus())));
    scope.spawn(report_errors(until_cancelled()));
    absl::Status slept = co_await sleep(2s);
    scope.cancel();
    co_return slept;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(lost.take(), ElementsAre(AllOf(HasSubstr("\"refresh\""), HasSubstr("no route"),
                                             HasSubstr("fails_to_refresh"))));
}

ASYNC_TEST(LostError, IsNoneIfItWasToBeIgnored) {
  LostErrors lost;
  {
    JoinSet<void> set(co_await this_task());
    set.spawn(ignore_errors(fails_to_refresh()));
    CO_ASSERT_OK(co_await sleep(2s));
  }
  EXPECT_THAT(lost.take(), IsEmpty());
}

Task<void> loses_an_error() {
  JoinSet<absl::Status> set(co_await this_task());
  set.spawn(fails_to_refresh());
  (void)co_await sleep(2s);
}

TEST(LostError, FailsAnAsyncTestThatDoesNotExpectIt) {
  EXPECT_NONFATAL_FAILURE(testing::run_under_seeds(&loses_an_error, 1), "no route");
}

TEST(LostError, IsALineOnStandardErrorWithoutAHook) {
  ::testing::internal::CaptureStderr();
  {
    testing::TestLoop loop(1);
    EXPECT_EQ(loop.run(loses_an_error()), "");
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ContainsRegex("^weir: a task's error was lost: .*no route"));
}

}  // namespace
}  // namespace weir
