// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text.h"

#include <gtest/gtest.h>

#include "client/cli/table.h"

namespace weir::cli {
namespace {

TEST(Text, WhatCouldMoveTheCursorIsReplaced) {
  EXPECT_EQ(printable("Zo\u00eb \U0001F600"), "Zo\u00eb \U0001F600");
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a\uFFFD[31mb\uFFFD");
  EXPECT_EQ(printable("a\u202Eb"), "a\uFFFDb");
  EXPECT_EQ(printable("a\xff"), "a\uFFFD");
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
