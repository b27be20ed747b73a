// SPDX-License-Identifier: Apache-2.0
#pragma once

// Channel: the way to a service: its addresses, connections, balancing, and budget of retries.
// Tokio: tonic::transport::Channel.
//
//     absl::StatusOr<client::Channel> channel = client::Channel::open(options);
//     client::Users users(*channel);
//     // On a rpc::CompletionQueueLoop:
//     absl::StatusOr<client::User> user = loop.run(users.get(42));
//
// Opening connects to nothing; the first call does. wait_for_ready is off: when no server can be
// reached, calls fail at once with UNAVAILABLE and the retries decide.
//
// Lifetime: it must outlive the calls made through it; copies are the same channel. Thread: any.

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/channel_options.h"
#include "client/retry_budget.h"
#include "client/throttle.h"

namespace weir::client {

class Channel {
 public:
  // INVALID_ARGUMENT if the address is none.
  static absl::StatusOr<Channel> open(ChannelOptions options);

  const ChannelOptions& options() const { return state_->options; }
  const std::shared_ptr<grpc::Channel>& grpc() const { return state_->channel; }
  RetryBudget& budget() const { return state_->budget; }
  Throttle& throttle() const { return state_->throttle; }

 private:
  struct State {
    State(ChannelOptions given, const std::string& target);

    const ChannelOptions options;
    const std::shared_ptr<grpc::Channel> channel;
    RetryBudget budget;
    Throttle throttle;
  };
  explicit Channel(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

// The service config of a channel as JSON: balancing and health checks, and no retry policy.
std::string service_config(const ChannelOptions& options);

}  // namespace weir::client
