// SPDX-License-Identifier: Apache-2.0
#pragma once

// Peer: where a connection comes from.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace weir::admin {

struct Peer {
  std::array<unsigned char, 16> address{};  // as IPv6, into which those of IPv4 are mapped
  int port = 0;
  bool is_local = false;  // a loopback address
};

inline Peer peer_of(const sockaddr_storage& from) {
  Peer peer;
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    peer.address[10] = peer.address[11] = 0xff;
    std::memcpy(&peer.address[12], &v4.sin_addr, sizeof(v4.sin_addr));
    peer.port = ntohs(v4.sin_port);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    std::memcpy(peer.address.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
    peer.port = ntohs(v6.sin6_port);
  }
  in6_addr address;
  std::memcpy(&address, peer.address.data(), sizeof(address));
  peer.is_local =
      IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && peer.address[12] == 127);
  return peer;
}

}  // namespace weir::admin
