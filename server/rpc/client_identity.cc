// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/client_identity.h"

#include <arpa/inet.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace weir::rpc {

std::string client_identity(const grpc::ServerContext& call) {
  const std::shared_ptr<const grpc::AuthContext> peer = call.auth_context();
  if (peer != nullptr && peer->IsPeerAuthenticated()) {
    const std::vector<grpc::string_ref> names = peer->GetPeerIdentity();
    if (!names.empty()) return std::string(names.front().data(), names.front().size());
  }
  return client_address(call.peer());
}

std::string client_address(absl::string_view peer) {
  if (absl::StartsWith(peer, "unix")) return "unix:";
  // "ipv4:10.0.0.1:43210", "ipv6:%5B2001:db8::1%5D:43210"
  const absl::string_view address = peer.substr(0, std::min(peer.size(), peer.rfind(':')));
  absl::string_view v6 = address;
  if (!absl::ConsumePrefix(&v6, "ipv6:%5B") || !absl::ConsumeSuffix(&v6, "%5D")) {
    return std::string(address);
  }
  in6_addr network{};
  const std::string text(v6.substr(0, v6.find('%')));  // without its zone
  if (inet_pton(AF_INET6, text.c_str(), &network) != 1) return std::string(address);
  constexpr std::size_t kNetwork = 8;
  std::fill(std::begin(network.s6_addr) + kNetwork, std::end(network.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(AF_INET6, &network, out.data(), out.size());
  return absl::StrCat("ipv6:", out.data(), "/64");
}

}  // namespace weir::rpc
