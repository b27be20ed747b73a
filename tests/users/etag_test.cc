// SPDX-License-Identifier: Apache-2.0
#include "server/users/etag.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace weir::users {
namespace {

TEST(Etag, IsQuoted) { EXPECT_EQ(etag_of(7), "\"7\""); }

TEST(Etag, ComesBackAsTheVersion) {
  for (const std::int64_t version : {std::int64_t{1}, std::int64_t{42}, INT64_MAX}) {
    EXPECT_EQ(version_of(etag_of(version)), version);
  }
}

TEST(Etag, MatchesNoVersionIfItIsNotOurs) {
  for (const std::string& etag :
       {std::string(), std::string("\""), std::string("\"\""), std::string("7"), std::string("\"7"),
        std::string("7\""), std::string("\"07\""), std::string("\"+7\""), std::string("\" 7\""),
        std::string("\"7 \""), std::string("W/\"7\""), std::string("\"9223372036854775808\""),
        std::string("\"0x7\""), std::string("*")}) {
    EXPECT_EQ(version_of(etag), 0) << etag;
  }
}

}  // namespace
}  // namespace weir::users
