// SPDX-License-Identifier: Apache-2.0
#include "client/target.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace weir::client {
namespace {

std::string target(absl::string_view address) {
  const auto result = target_of(address);
  return result.ok() ? *result : std::string(result.status().message());
}

TEST(Target, ANameWithAPortIsItself) {
  EXPECT_EQ(target("localhost:50051"), "localhost:50051");
  EXPECT_EQ(target(" weir.example.com:443 "), "weir.example.com:443");
}

TEST(Target, APortAloneIsThisMachines) { EXPECT_EQ(target(":50051"), "localhost:50051"); }

TEST(Target, WhatIsOnThisMachineIsKnown) {
  for (const char* here : {"localhost:50051", "ipv4:127.0.0.1:50051",
                           "ipv4:127.1.2.3:1,127.0.0.1:2", "ipv6:[::1]:50051",
                           "dns:///localhost:50051", "unix:/run/weir.sock", "unix-abstract:weir"}) {
    EXPECT_TRUE(is_on_this_machine(here)) << here;
  }
  for (const char* elsewhere :
       {"weir:50051", "ipv4:10.0.0.1:50051", "ipv4:127.0.0.1:1,10.0.0.1:1", "dns:///weir:50051",
        "127.example.com:50051", "localhost.example.com:50051", "ipv6:[fd00::1]:50051"}) {
    EXPECT_FALSE(is_on_this_machine(elsewhere)) << elsewhere;
  }
}

TEST(Target, AddressesBecomeAListForTheResolverOfTheirFamily) {
  EXPECT_EQ(target("127.0.0.1:50051"), "ipv4:127.0.0.1:50051");
  EXPECT_EQ(target("10.0.0.1:1, 10.0.0.2:2"), "ipv4:10.0.0.1:1,10.0.0.2:2");
  EXPECT_EQ(target("[::1]:50051,[fd00::2]:50052"), "ipv6:[::1]:50051,[fd00::2]:50052");
}

TEST(Target, WhatHasASchemeIsPassedOn) {
  for (const char* as_it_is :
       {"dns:///weir:50051", "ipv4:10.0.0.1:1,10.0.0.2:2", "unix:/run/weir", "dns:weir:50051"}) {
    EXPECT_EQ(target(as_it_is), as_it_is);
  }
}

TEST(Target, WhatIsWrongIsNamed) {
  const struct {
    const char* address;
    const char* fault;
  } cases[] = {
      {"", "empty"},
      {"localhost", "must be host:port"},
      {"::1:50051", "must be host:port"},
      {"localhost:", "port from 1 to 65535"},
      {"localhost:0", "port from 1 to 65535"},
      {"localhost:65536", "port from 1 to 65535"},
      {"localhost:http", "port from 1 to 65535"},
      {":50051,10.0.0.1:50051", "begin with a host"},
      {":70000", "port from 1 to 65535"},
      {"[localhost]:50051", "no IPv6 address"},
      {"a:1,b:2", "IP addresses of one family"},
      {"10.0.0.1:1,[::1]:2", "IP addresses of one family"},
      {"10.0.0.1:1,b:2", "IP addresses of one family"},
      {"10.0.0.1:1,", "must be host:port"},
  };
  for (const auto& wrong : cases) {
    const auto result = target_of(wrong.address);
    EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << wrong.address;
    EXPECT_TRUE(absl::StrContains(result.status().message(), wrong.fault)) << result.status();
  }
}

}  // namespace
}  // namespace weir::client
