// SPDX-License-Identifier: Apache-2.0
#include "client/health.h"

#include "client/unary.h"

namespace weir::client {

Health::Health(Channel channel)
    : channel_(std::move(channel)), stub_(grpc::health::v1::Health::NewStub(channel_.grpc())) {}

Task<absl::StatusOr<Health::Response>> Health::check(std::string service) {
  Request request;
  request.set_service(std::move(service));
  const UnaryMethod<Stub, Request, Response> method{"Check", &Stub::PrepareAsyncCheck,
                                                    Repeat::kHarmless};
  return unary(channel_, *stub_, method, std::move(request));
}

}  // namespace weir::client
