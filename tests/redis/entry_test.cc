// SPDX-License-Identifier: Apache-2.0
#include "server/redis/entry.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace weir::redis {
namespace {

TEST(Entry, ComesBackAsItWentIn) {
  const std::string bytes("\0W\xff\r\n", 5);
  for (const std::uint64_t version :
       {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 53) + 1,
        std::numeric_limits<std::uint64_t>::max()}) {
    for (const Entry::Kind kind :
         {Entry::Kind::kUnknown, Entry::Kind::kValue, Entry::Kind::kAbsent}) {
      const std::optional<Entry> entry = decode(encode(Entry(kind, version, bytes)));
      ASSERT_TRUE(entry.has_value());
      EXPECT_EQ(entry->kind, kind);
      EXPECT_EQ(entry->version, version);
      EXPECT_EQ(entry->bytes, bytes);
    }
  }
}

TEST(Entry, IsNotReadOutOfWhatSomebodyElseWrote) {
  EXPECT_FALSE(decode("").has_value());
  EXPECT_FALSE(decode("W").has_value());
  EXPECT_FALSE(decode("some text that is long enough").has_value());
  EXPECT_FALSE(decode(std::string("W\0\0\0\0\0\0\0\0\x03", 10)).has_value());
}

}  // namespace
}  // namespace weir::redis
