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

}  // namespace
}  // namespace weir
