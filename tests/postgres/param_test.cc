// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/param.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace weir::postgres {
namespace {

TEST(Param, NumbersAreDecimal) {
  EXPECT_STREQ(Param(-7).c_str(), "-7");
  EXPECT_STREQ(Param(std::numeric_limits<std::int64_t>::min()).c_str(), "-9223372036854775808");
  EXPECT_STREQ(Param(0.1).c_str(), "0.10000000000000001");
  EXPECT_STREQ(Param(true).c_str(), "t");
}

TEST(Param, NothingIsNull) {
  EXPECT_EQ(Param(nullptr).c_str(), nullptr);
  EXPECT_EQ(Param(std::optional<std::string>()).c_str(), nullptr);
  EXPECT_STREQ(Param(std::optional<std::string>("x")).c_str(), "x");
  EXPECT_STREQ(Param("").c_str(), "");
}

TEST(Param, BytesAreHex) {
  EXPECT_STREQ(Param(Bytes(std::string("\0\xff", 2))).c_str(), "\\x00ff");
}

TEST(Param, ListsAreArrays) {
  EXPECT_STREQ(Param(std::vector<std::int64_t>{1, -2, 3}).c_str(), "{1,-2,3}");
  EXPECT_STREQ(Param(std::vector<std::int64_t>{}).c_str(), "{}");
  EXPECT_STREQ(Param(std::vector<std::string>{"a", "", "NULL", "q\"b\\,{}"}).c_str(),
               R"({"a","","NULL","q\"b\\,{}"})");
}

TEST(Param, TextWithANulByteIsRefusedNotCut) {
  EXPECT_THROW(Param(std::string("a\0b", 3)), std::invalid_argument);
  EXPECT_THROW(Param(std::vector<std::string>{std::string("a\0b", 3)}), std::invalid_argument);
}

}  // namespace
}  // namespace weir::postgres
