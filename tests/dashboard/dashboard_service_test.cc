// SPDX-License-Identifier: Apache-2.0
// What a dashboard does with slow, failing and missing parts, in virtual time.
#include "server/dashboard/dashboard_service.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "async/cancelled.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/support/error_details.h"

namespace weir::dashboard {
namespace {

using namespace std::chrono_literals;
using weir::testing::bad_fields;
using weir::testing::reason_of;
using Fields = std::vector<std::string>;
using Result = absl::StatusOr<v1::Dashboard>;

// Each part takes its time, then is there, or fails.
class FakeSources final : public Sources {
 public:
  struct Plan {
    Duration takes = 10ms;
    absl::Status status;
    absl::Status ended_with = absl::UnknownError("not asked for");
  };

  Task<absl::StatusOr<std::optional<users::User>>> user(std::int64_t id) override {
    co_await or_return(follow(user_plan));
    if (!user_exists) co_return std::nullopt;
    users::User user;
    user.id = id;
    user.name = "Ada";
    co_return user;
  }
  Task<absl::StatusOr<std::vector<posts::Post>>> posts(std::int64_t user_id,
                                                       std::int64_t limit) override {
    post_limit = limit;
    co_await or_return(follow(posts_plan));
    std::vector<posts::Post> posts(2);
    for (posts::Post& post : posts) post.user_id = user_id;
    co_return posts;
  }
  Task<absl::StatusOr<std::vector<subscriptions::Subscription>>> subscriptions(
      std::int64_t, std::int64_t) override {
    co_await or_return(follow(subscriptions_plan));
    std::vector<subscriptions::Subscription> subscriptions(1);
    co_return subscriptions;
  }

  Plan user_plan, posts_plan, subscriptions_plan;
  bool user_exists = true;
  std::int64_t post_limit = 0;

 private:
  static Task<absl::Status> follow(Plan& plan) {
    absl::Status status = co_await sleep(plan.takes);
    if (status.ok()) status = plan.status;
    plan.ended_with = status;
    co_return status;
  }
};

struct Dashboards {
  Task<Result> get(std::int64_t user_id = 42, int post_limit = 0) {
    v1::GetDashboardRequest request;
    request.set_user_id(user_id);
    request.set_post_limit(post_limit);
    absl::StatusOr<rpc::OnArena<v1::Dashboard>> found = co_await service.get_dashboard(request);
    if (!found.ok()) co_return found.status();
    co_return **found;
  }

  FakeSources sources;
  DashboardService service{sources, SectionBudget{.most = 1s, .share = 80}};
};

ASYNC_TEST(Dashboard, ReadsItsPartsAtTheSameTime) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  Dashboards dashboards;
  const Result result = co_await dashboards.get();
  EXPECT_EQ(context.loop().now(), begin + 10ms);
  CO_ASSERT_OK(result);
  EXPECT_EQ(result->user().id(), 42);
  EXPECT_EQ(result->posts_size(), 2);
  EXPECT_EQ(result->posts(0).user_id(), 42);
  EXPECT_EQ(result->subscriptions_size(), 1);
  EXPECT_EQ(result->unavailable_size(), 0);
}

ASYNC_TEST(Dashboard, OfNobodyIsNotFoundAndCancelsTheRest) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  Dashboards dashboards;
  dashboards.sources.user_exists = false;
  dashboards.sources.posts_plan.takes = dashboards.sources.subscriptions_plan.takes = 500ms;
  const Result result = co_await dashboards.get();
  EXPECT_TRUE(absl::IsNotFound(result.status())) << result.status();
  EXPECT_EQ(reason_of(result.status()), "USER_NOT_FOUND");
  EXPECT_EQ(context.loop().now(), begin + 10ms);
  EXPECT_TRUE(absl::IsCancelled(dashboards.sources.posts_plan.ended_with));
  EXPECT_TRUE(absl::IsCancelled(dashboards.sources.subscriptions_plan.ended_with));
}

ASYNC_TEST(Dashboard, FailsAsItsUserFails) {
  Dashboards dashboards;
  dashboards.sources.user_plan.status = absl::UnavailableError("the database is not available");
  dashboards.sources.posts_plan.takes = 500ms;
  const Result result = co_await dashboards.get();
  EXPECT_EQ(result.status(), dashboards.sources.user_plan.status);
  EXPECT_TRUE(absl::IsCancelled(dashboards.sources.posts_plan.ended_with));
}

ASYNC_TEST(Dashboard, NamesAPartThatFailed) {
  Dashboards dashboards;
  dashboards.sources.posts_plan.status = absl::UnavailableError("the database is overloaded");
  const Result result = co_await dashboards.get();
  CO_ASSERT_OK(result);
  EXPECT_EQ(result->user().name(), "Ada");
  EXPECT_EQ(result->posts_size(), 0);
  EXPECT_EQ(result->subscriptions_size(), 1);
  CO_ASSERT_TRUE(result->unavailable_size() == 1);
  EXPECT_EQ(result->unavailable(0).section(), "posts");
  EXPECT_EQ(result->unavailable(0).code(), 14);
  EXPECT_EQ(result->unavailable(0).message(), "the database is overloaded");
}

ASYNC_TEST(Dashboard, GoesWithoutAPartThatTakesLongerThanItsBudget) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  Dashboards dashboards;
  dashboards.sources.posts_plan.takes = dashboards.sources.subscriptions_plan.takes = 1h;
  const Result result = co_await dashboards.get();
  EXPECT_EQ(context.loop().now(), begin + 1s);
  CO_ASSERT_OK(result);
  CO_ASSERT_TRUE(result->unavailable_size() == 2);
  EXPECT_EQ(result->unavailable(0).section(), "posts");
  EXPECT_EQ(result->unavailable(0).code(), 4);
  EXPECT_EQ(result->unavailable(1).section(), "subscriptions");
  EXPECT_EQ(result->unavailable(1).code(), 4);
}

ASYNC_TEST(Dashboard, TakesTheBudgetFromTheDeadlineIfThatIsShort) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  Dashboards dashboards;
  dashboards.sources.posts_plan.takes = 1h;
  const Result result = co_await timeout(100ms, dashboards.get());
  EXPECT_EQ(context.loop().now(), begin + 80ms);
  CO_ASSERT_OK(result);
  CO_ASSERT_TRUE(result->unavailable_size() == 1);
  EXPECT_EQ(result->unavailable(0).section(), "posts");
}

// Else a call that is cancelled would be answered with a dashboard that lacks its parts.
ASYNC_TEST(Dashboard, IsNoDashboardWhenTheCallItselfEnds) {
  Dashboards dashboards;
  dashboards.sources.user_plan.takes = 1h;
  dashboards.sources.posts_plan.takes = 1h;
  const Result late = co_await timeout(100ms, dashboards.get());
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.status())) << late.status();

  const auto watch = [](Dashboards& d, absl::Status& status) -> Task<void> {
    const Result result = co_await d.get();
    status = result.status();
  };
  const auto leave = []() -> Task<void> { (void)co_await sleep(50ms); };
  absl::Status status;
  (void)co_await select(watch(dashboards, status), leave());
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_TRUE(absl::IsCancelled(dashboards.sources.posts_plan.ended_with));
}

ASYNC_TEST(Dashboard, HasTenPostsUnlessAskedForOthers) {
  Dashboards dashboards;
  for (const auto& [asked, given] : {std::pair(0, 10), {1, 1}, {100, 100}, {101, 100}}) {
    const Result result = co_await dashboards.get(42, asked);
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(dashboards.sources.post_limit, given);
  }
}

ASYNC_TEST(Dashboard, NamesEveryFieldThatIsWrong) {
  Dashboards dashboards;
  const Result result = co_await dashboards.get(0, -1);
  const Fields fields = bad_fields(result.status());
  EXPECT_EQ(fields, (Fields{"user_id", "post_limit"}));
}

}  // namespace
}  // namespace weir::dashboard
