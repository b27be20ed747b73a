// SPDX-License-Identifier: Apache-2.0
#include "client/subscriptions.h"

#include <utility>

#include "client/unary.h"

namespace weir::client {
namespace {

namespace v1 = subscriptions::v1;
using Stub = v1::SubscriptionService::Stub;

constexpr UnaryMethod<Stub, v1::CreateSubscriptionRequest, Subscription> kCreate{
    "CreateSubscription", &Stub::PrepareAsyncCreateSubscription, Repeat::kHarmful};
constexpr UnaryMethod<Stub, v1::ListSubscriptionsRequest, v1::ListSubscriptionsResponse> kList{
    "ListSubscriptions", &Stub::PrepareAsyncListSubscriptions, Repeat::kRead};
constexpr UnaryMethod<Stub, v1::CancelSubscriptionRequest, Subscription> kCancel{
    "CancelSubscription", &Stub::PrepareAsyncCancelSubscription, Repeat::kHarmless};

}  // namespace

Subscriptions::Subscriptions(Channel channel)
    : channel_(std::move(channel)), stub_(v1::SubscriptionService::NewStub(channel_.grpc())) {}

Task<absl::StatusOr<Subscription>> Subscriptions::create(std::int64_t user_id, std::string plan) {
  v1::CreateSubscriptionRequest request;
  request.set_user_id(user_id);
  request.set_plan(std::move(plan));
  return unary(channel_, *stub_, kCreate, std::move(request));
}

Task<absl::StatusOr<v1::ListSubscriptionsResponse>> Subscriptions::list(
    v1::ListSubscriptionsRequest request) {
  return unary(channel_, *stub_, kList, std::move(request));
}

Task<absl::StatusOr<Subscription>> Subscriptions::cancel(std::int64_t id) {
  v1::CancelSubscriptionRequest request;
  request.set_id(id);
  return unary(channel_, *stub_, kCancel, std::move(request));
}

}  // namespace weir::client
