// SPDX-License-Identifier: Apache-2.0
#include "server/redis/resp.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir::redis {
namespace {

TEST(Request, IsTheCommandInTheFormInWhichItTravels) {
  Request request;
  request.encode(std::array<absl::string_view, 2>{"GET", "user:42"});
  EXPECT_EQ(request.bytes(), "*2\r\n$3\r\nGET\r\n$7\r\nuser:42\r\n");
}

TEST(Request, CarriesAnyBytes) {
  const std::string bytes("\0\r\n$3\xff", 6);
  Request request;
  request.encode(std::array<absl::string_view, 3>{"SET", bytes, ""});
  EXPECT_EQ(request.bytes(), "*3\r\n$3\r\nSET\r\n$6\r\n" + bytes + "\r\n$0\r\n\r\n");
}

TEST(Request, GrowsBeyondWhatItHoldsInside) {
  const std::string value(1 << 20, 'v');
  Request request;
  request.encode(std::array<absl::string_view, 3>{"SET", "k", value});
  EXPECT_EQ(request.bytes(), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048576\r\n" + value + "\r\n");
}

}  // namespace
}  // namespace weir::redis
