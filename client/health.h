// SPDX-License-Identifier: Apache-2.0
#pragma once

// Health: grpc.health.v1.Health as coroutines: what a server says of itself.
//
// Open the channel with `health_checks` off, or one that is NOT_SERVING cannot be asked.
//
// Lifetime: it must outlive its tasks. Thread: any; each task on a rpc::CompletionQueueLoop.

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "client/channel.h"
#include "client/server_stream.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace weir::client {

class Health {
 public:
  using Request = grpc::health::v1::HealthCheckRequest;
  using Response = grpc::health::v1::HealthCheckResponse;

  explicit Health(Channel channel);

  // `service` is a full name as in "weir.users.v1.UserService", or empty for the server as a whole.
  // NOT_FOUND if the server knows no such service.
  Task<absl::StatusOr<Response>> check(std::string service = "");

  // The status now, and each change of it: `body(rpc::Reader<Response>&) -> Task<absl::Status>`.
  template <class Body>
  Task<absl::Status> watch(std::string service, Body body) {
    Request request;
    request.set_service(std::move(service));
    const StreamMethod<Stub, Request, Response> method{"Watch", &Stub::PrepareAsyncWatch};
    return server_stream(*stub_, method, std::move(request), std::move(body));
  }

 private:
  using Stub = grpc::health::v1::Health::Stub;

  const Channel channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace weir::client
