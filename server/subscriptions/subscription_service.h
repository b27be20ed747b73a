// SPDX-License-Identifier: Apache-2.0
#pragma once

// SubscriptionService: weir.subscriptions.v1.SubscriptionService, from a parsed request to a
// response or an error with its details. What a method promises is written in
// proto/weir/subscriptions/v1/subscriptions.proto.
//
// Knows nothing of gRPC. Each request must stay alive until its await is over. Thread: any; what it
// is made of must outlive it.

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/api/page_token.h"
#include "server/postgres/lagging_reads.h"
#include "server/subscriptions/subscription_repository.h"
#include "weir/subscriptions/v1/subscriptions.pb.h"

namespace weir::subscriptions {

class SubscriptionService {
 public:
  // Lists may be read from `standby`, which may be null.
  SubscriptionService(SubscriptionRepository& repository, const api::PageTokens& page_tokens,
                      postgres::Standby* standby = nullptr)
      : repository_(repository), lists_(repository, standby), page_tokens_(page_tokens) {}

  Task<absl::StatusOr<v1::Subscription>> create_subscription(
      const v1::CreateSubscriptionRequest& request);
  Task<absl::StatusOr<v1::ListSubscriptionsResponse>> list_subscriptions(
      const v1::ListSubscriptionsRequest& request);
  Task<absl::StatusOr<v1::Subscription>> cancel_subscription(
      const v1::CancelSubscriptionRequest& request);

 private:
  SubscriptionRepository& repository_;
  postgres::LaggingReads<SubscriptionRepository> lists_;
  const api::PageTokens& page_tokens_;
};

}  // namespace weir::subscriptions
