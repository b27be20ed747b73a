// SPDX-License-Identifier: Apache-2.0
// Every line is JSON, whatever is in it.
#include "server/log/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "server/log/line.h"

namespace weir::log::detail {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

nlohmann::json parsed(std::string_view event, Fields fields) {
  std::string line;
  append_line(line, Level::kInfo, event, fields);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  return nlohmann::json::parse(line);  // throws
}

TEST(LogJson, OrdinaryTextStaysAsItIs) {
  EXPECT_EQ(json_of("Grüße, 世界 🙂"), "\"Grüße, 世界 🙂\"");
}

TEST(LogJson, WhatWouldEndTheTextOrTheLineIsEscaped) {
  EXPECT_EQ(json_of("a\"b\\c\nd\te"), R"("a\"b\\c\nd\u0009e")");
  EXPECT_EQ(json_of(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(LogJson, WhatTerminalsObeyIsEscaped) {
  EXPECT_EQ(json_of("\x1b[2J\x7f\xc2\x9b"), R"("\u001b[2J\u007f\u009b")");
}

TEST(LogJson, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(json_of("a\xc3(\xff"), R"("a\ufffd(\ufffd")");
  EXPECT_EQ(json_of("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // a surrogate
  EXPECT_EQ(json_of("\xe2\x82"), R"("\ufffd\ufffd")");            // cut off
}

TEST(LogJson, AValueIsBounded) {
  for (const char* unit : {"x", "\n", "\x01", "ü", "\xff", "🙂"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    const std::string out = json_of(text);
    EXPECT_LE(out.size(), kMaxValue);
    EXPECT_GT(out.size(), kMaxValue - 20);
    EXPECT_TRUE(out.ends_with("...\""));
    EXPECT_TRUE(nlohmann::json::accept(out));
  }
}

TEST(LogJson, RandomBytesAreValid) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 64, '\0');
    // Half of them from what UTF-8's sequences are made of.
    for (char& c : text) c = static_cast<char>(random() % 2 == 0 ? random() : 0x80 | random());
    const nlohmann::json line = parsed(text, {{"text", text}, {text, 1}});
    EXPECT_TRUE(line["text"].is_string());
  }
}

TEST(LogJson, NumbersAreNumbers) {
  const nlohmann::json line = parsed("e", {{"int", -3},
                                           {"big", std::numeric_limits<std::uint64_t>::max()},
                                           {"errno", std::int64_t{24}},
                                           {"took_ms", 1.5},
                                           {"huge", 1e300},
                                           {"none", std::nan("")},
                                           {"yes", true}});
  EXPECT_EQ(line["int"], -3);
  EXPECT_EQ(line["big"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(line["errno"], 24);
  EXPECT_EQ(line["took_ms"], 1.5);
  EXPECT_EQ(line["huge"], 1e300);
  EXPECT_TRUE(line["none"].is_null());
  EXPECT_EQ(line["yes"], true);
}

TEST(LogJson, AnObjectIsOne) {
  const std::vector<Field> none;
  const std::vector<Field> phases = {{"announce", 1.0}, {"finish", 2.5}};
  const nlohmann::json line = parsed("e", {{"none", none}, {"phases_ms", phases}});
  EXPECT_EQ(line["none"], nlohmann::json::object());
  EXPECT_EQ(line["phases_ms"], (nlohmann::json{{"announce", 1.0}, {"finish", 2.5}}));
}

TEST(LogJson, ALineHasItsTimeAndLevel) {
  const nlohmann::json line = parsed("serving", {{"address", "here"}});
  const std::string time = line["time"];
  EXPECT_EQ(time.size(), std::string_view("2026-12-01T00:00:00.000Z").size());
  EXPECT_EQ(time.substr(10, 1) + time.substr(19, 1) + time.substr(23), "T.Z");
  EXPECT_GE(time, "2026");
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["event"], "serving");
}

}  // namespace
}  // namespace weir::log::detail
