// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who calls, for what is counted by client: the identity in its certificate (the first URI or DNS
// name, else the subject's common name), or without one its address, the port left out.
//
// Trap: without mutual TLS all behind one proxy are one client.

#include <grpcpp/server_context.h>

#include <string>

namespace weir::rpc {

std::string client_identity(const grpc::ServerContext& call);

}  // namespace weir::rpc
