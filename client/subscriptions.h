// SPDX-License-Identifier: Apache-2.0
#pragma once

// Subscriptions: weir.subscriptions.v1.SubscriptionService as coroutines. Errors and retries as for
// client::Users.
//
// Lifetime: it must outlive its tasks. Thread: any; each task on a rpc::CompletionQueueLoop.

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "client/channel.h"
#include "weir/subscriptions/v1/subscriptions.grpc.pb.h"

namespace weir::client {

using Subscription = subscriptions::v1::Subscription;

class Subscriptions {
 public:
  explicit Subscriptions(Channel channel);

  // Tried again only where the server says that it refused it unbegun.
  Task<absl::StatusOr<Subscription>> create(std::int64_t user_id, std::string plan);
  Task<absl::StatusOr<subscriptions::v1::ListSubscriptionsResponse>> list(
      subscriptions::v1::ListSubscriptionsRequest request);
  Task<absl::StatusOr<Subscription>> cancel(std::int64_t id);

 private:
  using Stub = subscriptions::v1::SubscriptionService::Stub;

  const Channel channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace weir::client
