// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who calls, for what is counted by client: the identity in its certificate (the first URI or DNS
// name, else the subject's common name), or without one its address.
//
// Trap: without mutual TLS all behind one proxy are one client.

#include <grpcpp/server_context.h>

#include <string>

#include "absl/strings/string_view.h"

namespace weir::rpc {

std::string client_identity(const grpc::ServerContext& call);

// Of a peer as gRPC spells it, "ipv4:10.0.0.1:43210": its address without the port, of IPv6 the
// network (/64), for that is what one client has; "unix:" for all that come by a socket file.
std::string client_address(absl::string_view peer);

}  // namespace weir::rpc
