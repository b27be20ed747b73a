// SPDX-License-Identifier: Apache-2.0
#pragma once

// HttpClient: a connection that sends and reads what a test says, when it says so.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace weir::admin::test {

inline std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1));
}

inline sockaddr_in loopback_ipv4(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline sockaddr_in6 loopback_ipv6(std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return address;
}

class HttpClient {
 public:
  // By IPv4, with a small buffer for what comes: what is not read soon waits in the server.
  explicit HttpClient(const std::string& address) : fd_(socket(AF_INET, kType, 0)) {
    const int bytes = 4096;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    connect_to(loopback_ipv4(port_of(address)));
  }
  template <class Address>
  explicit HttpClient(const Address& address)
      : fd_(socket(reinterpret_cast<const sockaddr&>(address).sa_family, kType, 0)) {
    connect_to(address);
  }
  ~HttpClient() { close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool is_connected() const { return is_connected_; }
  // False if the server does not take it.
  bool say(std::string_view text) const {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // All until the end of the connection, which a minute without a byte is too.
  std::string hear() const {
    std::string all;
    char part[4096];
    for (ssize_t length; (length = recv(fd_, part, sizeof(part), 0)) > 0;) {
      all.append(part, static_cast<std::size_t>(length));
    }
    return all;
  }
  std::string ask(std::string_view text) const {
    say(text);
    return hear();
  }

 private:
  static constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC;

  template <class Address>
  void connect_to(const Address& address) {
    const timeval minute{.tv_sec = 60, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
    is_connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }

  const int fd_;
  bool is_connected_ = false;
};

}  // namespace weir::admin::test
