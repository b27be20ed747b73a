// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/client_identity.h"

#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace weir::rpc {

std::string client_identity(const grpc::ServerContext& call) {
  const std::shared_ptr<const grpc::AuthContext> peer = call.auth_context();
  if (peer != nullptr && peer->IsPeerAuthenticated()) {
    const std::vector<grpc::string_ref> names = peer->GetPeerIdentity();
    if (!names.empty()) return std::string(names.front().data(), names.front().size());
  }
  // "ipv4:10.0.0.1:43210"
  std::string address = call.peer();
  address.resize(std::min(address.size(), address.rfind(':')));
  return address;
}

}  // namespace weir::rpc
