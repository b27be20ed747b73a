// SPDX-License-Identifier: Apache-2.0
#include "server/subscriptions/subscription_service.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "server/api/checks.h"
#include "server/api/paging.h"
#include "server/status/details.h"
#include "server/subscriptions/wire.h"

namespace weir::subscriptions {
namespace {

using status::BadRequest;

constexpr api::PageLimits kPageLimits{.default_size = 1000, .max_size = 1000, .first = INT64_MAX};

// A page token is good for one user's subscriptions.
std::string list_of(std::int64_t user_id) {
  return absl::StrCat("users/", user_id, "/subscriptions");
}

}  // namespace

Task<absl::StatusOr<v1::Subscription>> SubscriptionService::create_subscription(
    const v1::CreateSubscriptionRequest& request) {
  BadRequest bad;
  api::check_id("user_id", request.user_id(), bad);
  api::check_label("plan", request.plan(), kMaxPlanCharacters, bad);
  if (!bad.ok()) co_return bad;

  co_return to_wire(co_await or_return(repository_.create(request.user_id(), request.plan())));
}

Task<absl::StatusOr<v1::ListSubscriptionsResponse>> SubscriptionService::list_subscriptions(
    const v1::ListSubscriptionsRequest& request) {
  const std::string list = list_of(request.user_id());
  BadRequest bad;
  api::check_id("user_id", request.user_id(), bad);
  const api::Page page = api::page_of(request, list, kPageLimits, page_tokens_, bad);
  if (!bad.ok()) co_return bad;

  const auto read_page = [&](SubscriptionRepository& subscriptions) {
    return subscriptions.list_before(request.user_id(), page.position, page.size + 1);
  };
  std::vector<Subscription> subscriptions = co_await or_return(lists_.read(read_page));
  v1::ListSubscriptionsResponse response;
  response.set_next_page_token(api::cut_to_page(subscriptions, page, list, page_tokens_));
  for (Subscription& subscription : subscriptions) {
    to_wire(std::move(subscription), *response.add_subscriptions());
  }
  co_return response;
}

Task<absl::StatusOr<v1::Subscription>> SubscriptionService::cancel_subscription(
    const v1::CancelSubscriptionRequest& request) {
  BadRequest bad;
  api::check_id("id", request.id(), bad);
  if (!bad.ok()) co_return bad;

  co_return to_wire(co_await or_return(repository_.cancel(request.id())));
}

}  // namespace weir::subscriptions
