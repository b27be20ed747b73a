// SPDX-License-Identifier: Apache-2.0
#include "server/admin/admin_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace weir::admin {
namespace {

std::uint16_t port_of(const AdminServer& server) {
  const std::string& address = server.address();
  return static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1));
}

// What GET /there answers; empty if nobody listens.
std::string get(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (connect(fd, address, size) == 0) {
    const std::string request = "GET /there HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    char part[512];
    for (ssize_t length; (length = recv(fd, part, sizeof(part), 0)) > 0;) {
      answer.append(part, static_cast<std::size_t>(length));
    }
  }
  close(fd);
  return answer;
}

std::string get_by_ipv4(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return get(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

sockaddr_in6 loopback_ipv6(std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return address;
}

std::string get_by_ipv6(std::uint16_t port) {
  const sockaddr_in6 address = loopback_ipv6(port);
  return get(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// Debian 12's civetweb has none, and neither has the network of most containers.
bool has_ipv6() {
  const sockaddr_in6 any_port = loopback_ipv6(0);
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool binds =
      fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&any_port), sizeof(any_port)) == 0;
  close(fd);
  return binds && mg_check_feature(MG_FEATURES_IPV6) != 0;
}

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    server_.add("/there", [] { return Page{.body = "it is"}; });
  }

  AdminServer server_;
};

// As gRPC has it. A cluster whose pods have IPv4 addresses probes those.
TEST_F(AdminServerTest, AllAddressesAreThoseOfBothProtocols) {
  ASSERT_TRUE(server_.start("[::]:0").ok());
  EXPECT_TRUE(server_.address().starts_with("[::]:")) << server_.address();
  EXPECT_TRUE(get_by_ipv4(port_of(server_)).ends_with("it is"));
  if (has_ipv6()) {
    EXPECT_TRUE(get_by_ipv6(port_of(server_)).ends_with("it is"));
  }
}

TEST_F(AdminServerTest, OneAddressIsThatAddress) {
  ASSERT_TRUE(server_.start("127.0.0.1:0").ok());
  EXPECT_TRUE(get_by_ipv4(port_of(server_)).ends_with("it is"));
  EXPECT_EQ(get_by_ipv6(port_of(server_)), "");
}

TEST_F(AdminServerTest, APortThatIsTakenIsAnError) {
  ASSERT_TRUE(server_.start("127.0.0.1:0").ok());
  AdminServer second;
  EXPECT_EQ(second.start(server_.address()).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace weir::admin
