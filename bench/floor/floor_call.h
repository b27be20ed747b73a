// SPDX-License-Identifier: Apache-2.0
#pragma once

// FloorCall: one GetUser, as the state machine that gRPC's example for completion queues writes.

#include <grpcpp/grpcpp.h>

#include "weir/users/v1/users.grpc.pb.h"

namespace weir::floor {

// Its other methods are never awaited: calls of them wait until their deadline.
using UserService = weir::users::v1::UserService::AsyncService;

class FloorCall {
 public:
  // Awaits a call. It frees itself when the call has ended, or the server has shut down.
  static void expect(UserService& service, grpc::ServerCompletionQueue& queue);

  // Its tag has come back.
  void proceed(bool ok);

 private:
  enum class State { kExpecting, kFinishing };

  FloorCall(UserService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue) {}

  UserService& service_;
  grpc::ServerCompletionQueue& queue_;
  State state_ = State::kExpecting;
  grpc::ServerContext context_;
  grpc::ServerAsyncResponseWriter<weir::users::v1::User> responder_{&context_};
  weir::users::v1::GetUserRequest request_;
  weir::users::v1::User user_;
};

}  // namespace weir::floor
