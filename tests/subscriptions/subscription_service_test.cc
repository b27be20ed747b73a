// SPDX-License-Identifier: Apache-2.0
// SubscriptionService on a real Postgres.
#include "server/subscriptions/subscription_service.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/thread_loop.h"
#include "tests/postgres/database.h"
#include "tests/support/error_details.h"
#include "tests/users/user_stack.h"

namespace weir::subscriptions {
namespace {

using weir::testing::bad_fields;
using weir::testing::reason_of;
using weir::testing::resource_of;
using Fields = std::vector<std::string>;

class SubscriptionsTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::Subscription> create(std::int64_t user_id, const std::string& plan) {
    v1::CreateSubscriptionRequest request;
    request.set_user_id(user_id);
    request.set_plan(plan);
    return loop_.run(service_.create_subscription(request));
  }
  absl::StatusOr<v1::ListSubscriptionsResponse> list(std::int64_t user_id, int page_size = 0,
                                                     const std::string& page_token = "") {
    v1::ListSubscriptionsRequest request;
    request.set_user_id(user_id);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return loop_.run(service_.list_subscriptions(request));
  }
  absl::StatusOr<v1::Subscription> cancel(std::int64_t id) {
    v1::CancelSubscriptionRequest request;
    request.set_id(id);
    return loop_.run(service_.cancel_subscription(request));
  }

  users::testing::UserDatabase database_;
  ThreadLoop loop_;
  postgres::Pool pool_{database_.options()};
  const api::PageTokens tokens_{"a secret of thirty-two characters"};
  SubscriptionRepository repository_{pool_};
  SubscriptionService service_{repository_, tokens_};
};

using CreateSubscription = SubscriptionsTest;
using ListSubscriptions = SubscriptionsTest;
using CancelSubscription = SubscriptionsTest;

TEST_F(CreateSubscription, IsActiveAndListed) {
  const std::int64_t ada = database_.add_user();
  const v1::Subscription made = create(ada, "Gold").value();
  EXPECT_GT(made.id(), 0);
  EXPECT_EQ(made.user_id(), ada);
  EXPECT_EQ(made.plan(), "Gold");
  EXPECT_TRUE(made.active());
  EXPECT_GT(made.create_time().seconds(), 1'700'000'000);
  const auto listed = list(ada).value();
  ASSERT_EQ(listed.subscriptions_size(), 1);
  EXPECT_EQ(listed.subscriptions(0).SerializeAsString(), made.SerializeAsString());
}

TEST_F(CreateSubscription, WantsAUserWhoExists) {
  const absl::Status status = create(INT64_MAX, "Gold").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(reason_of(status), "USER_NOT_FOUND");
}

TEST_F(CreateSubscription, NamesEveryFieldThatIsWrong) {
  EXPECT_EQ(bad_fields(create(-1, " ").status()), (Fields{"user_id", "plan"}));
  EXPECT_EQ(bad_fields(create(1, std::string(101, 'x')).status()), Fields{"plan"});
}

TEST_F(ListSubscriptions, ShowsAllOfAUsersNewestFirst) {
  const std::int64_t ada = database_.add_user();
  ASSERT_TRUE(create(database_.add_user(), "another's").ok());
  for (const char* plan : {"a", "b", "c"}) ASSERT_TRUE(create(ada, plan).ok());
  const auto all = list(ada).value();
  ASSERT_EQ(all.subscriptions_size(), 3);
  EXPECT_EQ(all.subscriptions(0).plan(), "c");
  EXPECT_EQ(all.next_page_token(), "");

  const auto first = list(ada, 2).value();
  EXPECT_EQ(first.subscriptions_size(), 2);
  const auto second = list(ada, 2, first.next_page_token()).value();
  ASSERT_EQ(second.subscriptions_size(), 1);
  EXPECT_EQ(second.subscriptions(0).plan(), "a");
}

TEST_F(ListSubscriptions, TakesNoTokenOfAnotherUsersList) {
  const std::int64_t ada = database_.add_user();
  for (const char* plan : {"a", "b"}) ASSERT_TRUE(create(ada, plan).ok());
  const std::string token = list(ada, 1).value().next_page_token();
  EXPECT_EQ(bad_fields(list(database_.add_user(), 1, token).status()), Fields{"page_token"});
}

TEST_F(CancelSubscription, LeavesItThereButNotActive) {
  const std::int64_t ada = database_.add_user();
  const v1::Subscription made = create(ada, "Gold").value();
  const v1::Subscription cancelled = cancel(made.id()).value();
  EXPECT_FALSE(cancelled.active());
  EXPECT_EQ(cancelled.plan(), "Gold");
  EXPECT_FALSE(list(ada).value().subscriptions(0).active());
}

TEST_F(CancelSubscription, MayBeRepeated) {
  const std::int64_t id = create(database_.add_user(), "Gold").value().id();
  const v1::Subscription first = cancel(id).value();
  EXPECT_EQ(cancel(id).value().SerializeAsString(), first.SerializeAsString());
}

TEST_F(CancelSubscription, WantsASubscriptionThatExists) {
  const absl::Status status = cancel(INT64_MAX).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(reason_of(status), "SUBSCRIPTION_NOT_FOUND");
  EXPECT_EQ(resource_of(status), absl::StrCat("subscriptions/", INT64_MAX));
  EXPECT_EQ(bad_fields(cancel(0).status()), Fields{"id"});
}

}  // namespace
}  // namespace weir::subscriptions
