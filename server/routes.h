// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which handler answers which method: the one place that knows both gRPC's generated services and
// ours.

#include "server/rpc/server.h"
#include "server/users/user_service.h"
#include "weir/users/v1/users.grpc.pb.h"

namespace weir {

// The generated services, which gRPC wants to live as long as the server.
struct GrpcServices {
  users::v1::UserService::AsyncService users;
};

void add_routes(rpc::Server& server, GrpcServices& grpc, users::UserService& users);

}  // namespace weir
