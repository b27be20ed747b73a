// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/json.h"
#include "client/cli/table.h"
#include "client/users.h"

namespace weir::cli {
namespace {

TEST(Text, WhatCouldMoveTheCursorIsReplaced) {
  EXPECT_EQ(printable("Zo\u00eb \U0001F600"), "Zo\u00eb \U0001F600");
  EXPECT_EQ(printable("a\x1b[31mb\n"), R"(a\u001b[31mb\u000a)");
  EXPECT_EQ(printable("a\u202Eb"), R"(a\u202eb)");
  EXPECT_EQ(printable("a\xff"), "a\uFFFD");
}

// What a terminal acts upon, whoever prints it and in whatever form.
constexpr char32_t kHarmless = U'\u00e9';
constexpr char32_t kHarmfulPoints[] = {0x01,   0x07,   0x08,   0x0D,   0x1B,   0x7F,   0x80,
                                       0x85,   0x9B,   0x9D,   0x61C,  0x200E, 0x200F, 0x2028,
                                       0x2029, 0x202A, 0x202E, 0x2066, 0x2069};

std::string utf8(char32_t point) {
  if (point < 0x80) return std::string(1, static_cast<char>(point));
  std::string bytes;
  if (point >= 0x800) {
    bytes += static_cast<char>(0xE0 | point >> 12);
    bytes += static_cast<char>(0x80 | (point >> 6 & 0x3F));
  } else {
    bytes += static_cast<char>(0xC0 | point >> 6);
  }
  return bytes + static_cast<char>(0x80 | (point & 0x3F));
}

TEST(Text, NothingHarmfulIsLeft) {
  for (const char32_t point : kHarmfulPoints) {
    EXPECT_EQ(printable(utf8(point)), absl::StrFormat("\\u%04x", static_cast<unsigned>(point)));
  }
  EXPECT_EQ(printable(utf8(kHarmless)), "\u00e9");
}

TEST(Text, NothingHarmfulIsLeftInJsonEither) {
  client::User user;
  for (const char32_t point : kHarmfulPoints) *user.mutable_name() += utf8(point);
  const std::string json = as_json(user);
  EXPECT_EQ(printable(json), json);
  client::User back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &back).ok());
  EXPECT_EQ(back.name(), user.name());
}

TEST(Text, WidthCountsColumns) {
  EXPECT_EQ(display_width("Zo\u00eb"), 3u);
  EXPECT_EQ(display_width("Zoe\u0308"), 3u);
  EXPECT_EQ(display_width("\u5F20\u4F1F"), 4u);
  EXPECT_EQ(display_width(""), 0u);
}

TEST(Table, ColumnsLineUp) {
  Table table({{"ID", Table::Align::kRight}, {"NAME"}, {"CITY"}});
  table.add({"7", "Zo\u00eb", "Oslo"});
  table.add({"1000", "\u5F20\u4F1F", ""});
  EXPECT_EQ(table.render(),
            "  ID  NAME  CITY\n"
            "   7  Zo\u00eb   Oslo\n"
            "1000  \u5F20\u4F1F\n");
}

}  // namespace
}  // namespace weir::cli
