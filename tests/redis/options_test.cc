// SPDX-License-Identifier: Apache-2.0
#include "server/redis/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseUrl, TakesTheDefaultsForWhatIsNotThere) {
  const absl::StatusOr<Address> address = parse_url("redis://cache.example");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "cache.example");
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "");
  EXPECT_EQ(address->database, 0);
}

TEST(ParseUrl, ReadsEveryPart) {
  const absl::StatusOr<Address> address = parse_url("redis://weir:p%40ss%3Aword@10.1.2.3:7000/5");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "10.1.2.3");
  EXPECT_EQ(address->port, 7000);
  EXPECT_EQ(address->user, "weir");
  EXPECT_EQ(address->password, "p@ss:word");
  EXPECT_EQ(address->database, 5);
}

TEST(ParseUrl, TakesAPasswordWithoutAUser) {
  const absl::StatusOr<Address> address = parse_url("redis://:secret@localhost:6380/");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "secret");
  EXPECT_EQ(address->port, 6380);
}

TEST(ParseUrl, TakesAnIpv6AddressInBrackets) {
  const absl::StatusOr<Address> address = parse_url("redis://[::1]:6380");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 6380);
}

TEST(ParseUrl, SaysWhatIsWrongWithoutRepeatingThePassword) {
  for (const char* url :
       {"", "localhost", "http://h", "rediss://:secret@h", "redis://", "redis://:secret@",
        "redis://:secret@h:0", "redis://:secret@h:65536", "redis://:secret@h:1x",
        "redis://:secret@h/-1", "redis://:secret@h/x", "redis://secret@h", "redis://u:secret%4@h",
        "redis://u:@h", "redis://:secret@[::1", "redis://:secret@[::1]6379"}) {
    const absl::StatusOr<Address> address = parse_url(url);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(std::string(address.status().message()), Not(HasSubstr("secret"))) << url;
  }
}

TEST(Address, PrintsWithoutItsPassword) {
  const absl::StatusOr<Address> address = parse_url("redis://weir:secret@h:7000/5");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->printable(), "h:7000/5");
}

}  // namespace
}  // namespace weir::redis
