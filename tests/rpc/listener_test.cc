// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string fault(const std::string& address) {
  return std::string(parse_listen_address(address).status().message());
}

int port_in(const std::string& address) {
  return std::stoi(address.substr(address.rfind(':') + 1));
}

// 0, or the errno of connecting.
int knock(const sockaddr* address, socklen_t length) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int error = connect(fd, address, length) == 0 ? 0 : errno;
  close(fd);
  return error;
}

int knock_v4(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return knock(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

int knock_v6(int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  return knock(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

int knock_file(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return knock(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

bool has_ipv6() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool can = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return can;
}

TEST(ListenAddress, IsReadWhole) {
  EXPECT_EQ(parse_listen_address("localhost:50051")->host, "localhost");
  EXPECT_EQ(parse_listen_address("localhost:50051")->port, 50051);
  EXPECT_EQ(parse_listen_address("[::1]:0")->host, "::1");
  EXPECT_TRUE(parse_listen_address("[fe80::1%lo]:80")->is_ipv6);
  EXPECT_EQ(parse_listen_address(":65535")->host, "");
  EXPECT_EQ(parse_listen_address("unix:/run/weir.sock")->host, "/run/weir.sock");
  EXPECT_EQ(parse_listen_address("unix:///run/weir.sock")->host, "/run/weir.sock");
  EXPECT_EQ(parse_listen_address("unix:weir.sock")->host, "weir.sock");
  EXPECT_EQ(parse_listen_address("unix-abstract:weir")->kind, ListenAddress::Kind::kAbstract);
}

TEST(ListenAddress, SaysWhatIsWrong) {
  const struct {
    std::string address;
    const char* what;
  } cases[] = {
      {"", "must be host:port"},
      {"localhost", "must be host:port"},
      {"localhost:", "must be host:port"},
      {"localhost:http", "the port is a number"},
      {"localhost:50051x", "the port is a number"},
      {"localhost:+1", "the port is a number"},
      {"localhost: 1", "the port is a number"},
      {"localhost:-1", "the port is a number"},
      {"localhost:65536", "65535 at most"},
      {"localhost:99999999999999999999", "65535 at most"},
      {"[::1:50051", "] after the IPv6 address is missing"},
      {"[::1]50051", "must be host:port"},
      {"[::1]", "must be host:port"},
      {"[localhost]:50051", "no IPv6 address"},
      {"[127.0.0.1]:50051", "no IPv6 address"},
      {"[]:50051", "no IPv6 address"},
      {"::1:50051", "stands in brackets"},
      {"::1]:50051", "stands in brackets"},
      {"a b:50051", "no host"},
      {"http://localhost:50051", "stands in brackets"},
      {"unix:", "needs a path"},
      {"unix://run/weir.sock", "begins with /"},
      {"unix-abstract:", "needs a name"},
      {"unix:/" + std::string(200, 'x'), "107 bytes at most"},
  };
  for (const auto& one : cases) EXPECT_THAT(fault(one.address), HasSubstr(one.what)) << one.address;
}

TEST(Listener, ListensWhereItIsTold) {
  const auto listener = Listener::open("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_THAT(listener->address(), StartsWith("127.0.0.1:"));
  EXPECT_EQ(knock_v4(port_in(listener->address())), 0);
}

TEST(Listener, WithoutAHostItListensOnBothFamilies) {
  for (const char* address : {":0", "[::]:0"}) {
    const auto listener = Listener::open(address);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(knock_v4(port_in(listener->address())), 0) << address;
    if (has_ipv6()) {
      EXPECT_EQ(knock_v6(port_in(listener->address())), 0) << address;
    }
  }
}

TEST(Listener, AnAddressThatIsNoneIsNeverListenedOn) {
  const auto listener = Listener::open("[::1:0");
  EXPECT_TRUE(absl::IsInvalidArgument(listener.status())) << listener.status();
  EXPECT_THAT(std::string(listener.status().message()), StartsWith("cannot listen on [::1:0: "));
}

TEST(Listener, SaysWhyItCannotListen) {
  const auto first = Listener::open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const auto second = Listener::open(first->address());
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_EQ(second.status().message(),
            absl::StrCat("cannot listen on ", first->address(), ": Address already in use"));
  EXPECT_EQ(Listener::open("192.0.2.1:0").status().message(),
            "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

class SocketFile : public ::testing::Test {
 protected:
  SocketFile() {
    std::string directory =
        (std::filesystem::temp_directory_path() / "weir-listen-XXXXXX").string();
    directory_ = mkdtemp(directory.data());
    path_ = directory_ / "weir.sock";
    address_ = absl::StrCat("unix:", path_.string());
  }
  ~SocketFile() override { std::filesystem::remove_all(directory_); }

  // As of a process that was killed.
  void leave_a_file() {
    const auto listener = Listener::open(absl::StrCat("unix:", (directory_ / "other").string()));
    ASSERT_TRUE(listener.ok());
    std::filesystem::rename(directory_ / "other", path_);
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
  std::string address_;
};

TEST_F(SocketFile, IsForItsOwnerAndGroupAndGoesWithTheListener) {
  {
    const auto listener = Listener::open(address_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->address(), address_);
    EXPECT_EQ(knock_file(path_), 0);
    struct stat file{};
    ASSERT_EQ(stat(path_.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 07777, 0660u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFile, ThatWasLeftIsReplaced) {
  leave_a_file();
  ASSERT_EQ(knock_file(path_), ECONNREFUSED);
  const auto listener = Listener::open(address_);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(knock_file(path_), 0);
}

TEST_F(SocketFile, ThatSomebodyListensOnStays) {
  const auto first = Listener::open(address_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Listener::open(address_).status().message(),
            absl::StrCat("cannot listen on ", address_, ": Address already in use"));
  EXPECT_EQ(knock_file(path_), 0);
}

TEST_F(SocketFile, ThatIsNoSocketStays) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(std::string(Listener::open(address_).status().message()),
              HasSubstr("Address already in use"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(SocketFile, OfASuccessorStays) {
  auto first = Listener::open(address_);
  ASSERT_TRUE(first.ok());
  std::filesystem::remove(path_);
  const auto second = Listener::open(address_);
  ASSERT_TRUE(second.ok()) << second.status();
  first->close();
  EXPECT_EQ(knock_file(path_), 0);
}

TEST_F(SocketFile, WithoutADirectoryIsAnErrorWithItsReason) {
  const std::string address = absl::StrCat("unix:", (directory_ / "none/weir.sock").string());
  EXPECT_EQ(Listener::open(address).status().message(),
            absl::StrCat("cannot listen on ", address, ": No such file or directory"));
}

TEST_F(SocketFile, ServesManyClientsAndIsGoneWithTheDrain) {
  ServerOptions options = test::options_for_tests();
  options.address = address_;
  test::NumberServer server(options);
  server.start();
  EXPECT_EQ(server.server().address(), address_);
  std::vector<std::unique_ptr<test::Stub>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(server.client());
  for (int round = 0; round < 20; ++round) {
    for (const auto& client : clients) {
      test::Number answer;
      const grpc::Status status = test::call(*client, test::number(round), &answer);
      ASSERT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(answer.value(), round + 1);
    }
  }
  EXPECT_TRUE(test::call(*clients.front(), test::padded(3'000'000)).ok()) << "in many turns";
  EXPECT_EQ(server.server().connections().size(), 8u);
  server.server().close_door();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(test::call(*clients.front()).ok()) << "who was there already stays";
}

TEST(Listener, ANameWithoutAFile) {
  const std::string address = absl::StrCat("unix-abstract:weir-test-", getpid());
  const auto listener = Listener::open(address);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_THAT(std::string(Listener::open(address).status().message()),
              HasSubstr("Address already in use"));
}

// gRPC gives all of them one name, so that an answer would be gathered with another client's.
TEST(PeerName, OfSocketFilesIsNeverTheSame) {
  sockaddr_storage address{};
  address.ss_family = AF_UNIX;
  EXPECT_NE(peer_name(address), peer_name(address));
  EXPECT_NE(peer_name(address), "unix:");
}

}  // namespace
}  // namespace weir::rpc
