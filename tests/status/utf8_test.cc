// SPDX-License-Identifier: Apache-2.0
#include "server/status/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(Utf8, ReadsSequencesOfEachLength) {
  absl::string_view text = "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(next_code_point(text), U'A');
  EXPECT_EQ(next_code_point(text), U'\u00E9');
  EXPECT_EQ(next_code_point(text), U'\u20AC');
  EXPECT_EQ(next_code_point(text), U'\U0001F600');
  EXPECT_TRUE(text.empty());
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  const std::string refused[] = {
      "\x80",              // a continuation without a beginning
      "\xC3",              // cut short
      "\xE2\x82",          // cut short
      "\xC3(",             // not a continuation
      "\xC0\x80",          // overlong NUL
      "\xC1\xBF",          // overlong DEL
      "\xE0\x9F\xBF",      // overlong U+07FF
      "\xF0\x8F\xBF\xBF",  // overlong U+FFFF
      "\xED\xA0\x80",      // a surrogate
      "\xF4\x90\x80\x80",  // above U+10FFFF
      "\xF8\x88\x80\x80\x80",
      "\xFF",
  };
  for (const std::string& bytes : refused) {
    EXPECT_FALSE(is_utf8(bytes)) << ::testing::PrintToString(bytes);
    EXPECT_FALSE(is_utf8("before " + bytes)) << ::testing::PrintToString(bytes);
  }
}

TEST(Utf8, AcceptsTheEdgesOfEachLength) {
  const std::string accepted[] = {"",
                                  std::string(1, '\0'),
                                  "\x7F",
                                  "\xC2\x80",
                                  "\xDF\xBF",
                                  "\xE0\xA0\x80",
                                  "\xED\x9F\xBF",
                                  "\xEE\x80\x80",
                                  "\xEF\xBF\xBF",
                                  "\xF0\x90\x80\x80",
                                  "\xF4\x8F\xBF\xBF"};
  for (const std::string& bytes : accepted) {
    EXPECT_TRUE(is_utf8(bytes)) << ::testing::PrintToString(bytes);
  }
}

TEST(Utf8, LeavesTheTextWhereItIsBad) {
  absl::string_view text = "\xC3(";
  EXPECT_EQ(next_code_point(text), std::nullopt);
  EXPECT_EQ(text, "\xC3(");
}

// Two ways to the same answer: all that begins in any way that matters, with every second byte.
TEST(Utf8, IsWhatIsReadCodePointByCodePoint) {
  constexpr unsigned char kEnds[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  for (int lead = 0; lead < 256; ++lead) {
    for (int second = 0; second < 256; ++second) {
      for (const unsigned char third : kEnds) {
        for (const unsigned char fourth : kEnds) {
          for (std::size_t size = 1; size <= 4; ++size) {
            std::string text = {static_cast<char>(lead), static_cast<char>(second),
                                static_cast<char>(third), static_cast<char>(fourth)};
            text.resize(size);
            absl::string_view rest = text;
            while (!rest.empty() && next_code_point(rest)) {
            }
            ASSERT_EQ(is_utf8(text), rest.empty()) << lead << " " << second << " " << size;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace weir
