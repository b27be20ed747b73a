// SPDX-License-Identifier: Apache-2.0
#pragma once

// Session: a loop and a channel for the length of one command.

#include <utility>

#include "client/channel.h"
#include "client/dashboards.h"
#include "client/posts.h"
#include "client/subscriptions.h"
#include "client/users.h"
#include "rpc/completion_queue_loop.h"

namespace weir::cli {

class Session {
 public:
  // The address was checked when the command line was parsed.
  explicit Session(client::ChannelOptions options)
      : channel_(client::Channel::open(std::move(options)).value()),
        users_(channel_),
        posts_(channel_),
        subscriptions_(channel_),
        dashboards_(channel_) {}

  rpc::CompletionQueueLoop& loop() { return loop_; }
  const client::Channel& channel() const { return channel_; }
  client::Users& users() { return users_; }
  client::Posts& posts() { return posts_; }
  client::Subscriptions& subscriptions() { return subscriptions_; }
  client::Dashboards& dashboards() { return dashboards_; }

  // Waits for a call.
  template <class T>
  T run(Task<T> call) {
    return loop_.run(std::move(call));
  }

 private:
  rpc::CompletionQueueLoop loop_;
  client::Channel channel_;
  client::Users users_;
  client::Posts posts_;
  client::Subscriptions subscriptions_;
  client::Dashboards dashboards_;
};

}  // namespace weir::cli
