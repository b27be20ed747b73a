// SPDX-License-Identifier: Apache-2.0
#include "server/admin/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/admin/peer.h"

namespace weir::admin {
namespace {

constexpr int kBacklog = 1024;
// Of each connection, in the kernel: requests are small, and what a slow reader leaves is memory of
// this container. The kernel takes twice as much.
constexpr int kReceiveBytes = 16 << 10;
constexpr int kSendBytes = 64 << 10;

absl::Status cannot_listen(const std::string& address, const char* why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why));
}

// -1, and errno says why.
int open_socket(const sockaddr* address, socklen_t length) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof(kReceiveBytes));
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBytes, sizeof(kSendBytes));
  // "::" means both families.
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, address, length) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

Listening describe(int fd) {
  sockaddr_storage own{};
  socklen_t length = sizeof(own);
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length);
  const Peer peer = peer_of(own);
  return {fd, peer.port, peer.is_local};
}

// "" and "::": one socket of IPv6 takes both; without IPv6 in the kernel it is one of IPv4.
absl::StatusOr<Listening> listen_on_all(const std::string& address, std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  int fd = open_socket(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    fd = open_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  if (fd < 0) return cannot_listen(address, std::strerror(errno));
  return describe(fd);
}

absl::Status not_an_address(const std::string& address) {
  return absl::InvalidArgumentError(
      absl::StrCat(address, " is not host:port, such as 127.0.0.1:8081 or [::]:8081"));
}

}  // namespace

absl::StatusOr<Listening> listen_on(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return not_an_address(address);
  std::string host = address.substr(0, colon);
  const bool has_brackets =
      host.size() > 2 && absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (has_brackets) host = host.substr(1, host.size() - 2);
  // Half a pair, or an address of IPv6 whose end would be taken for the port.
  if (absl::StrContains(host, '[') || absl::StrContains(host, ']') ||
      (!has_brackets && absl::StrContains(host, ':'))) {
    return not_an_address(address);
  }
  const std::string port = address.substr(colon + 1);
  std::uint32_t number = 0;
  if (!absl::SimpleAtoi(port, &number) || number > 65535) return not_an_address(address);
  if (host.empty() || host == "::") {
    return listen_on_all(address, static_cast<std::uint16_t>(number));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return cannot_listen(address, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (const int fd = open_socket(one->ai_addr, one->ai_addrlen); fd >= 0) return describe(fd);
  }
  return cannot_listen(address, std::strerror(errno));
}

}  // namespace weir::admin
