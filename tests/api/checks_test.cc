// SPDX-License-Identifier: Apache-2.0
#include "server/api/checks.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::api {
namespace {

// What is said of a field, or an empty string.
std::string fault_of(const status::BadRequest& bad) {
  const auto details = status::detail_of<google::rpc::BadRequest>(bad);
  if (!details) return "";
  EXPECT_EQ(details->field_violations_size(), 1);
  EXPECT_EQ(details->field_violations(0).field(), "the.path");
  return details->field_violations(0).description();
}

std::string fault_of_label(const std::string& text) {
  status::BadRequest bad;
  check_label("the.path", text, 200, bad);
  return fault_of(bad);
}

std::string fault_of_text(const std::string& text) {
  status::BadRequest bad;
  check_text("the.path", text, 100, bad);
  return fault_of(bad);
}

std::string fault_of_request_id(const std::string& request_id) {
  status::BadRequest bad;
  check_request_id("the.path", request_id, bad);
  return fault_of(bad);
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(Label, MayBeOfAnyLanguage) {
  for (const char* text :
       {"Ada", "Ada Lovelace", "O'Neill-Søren", "李小龍", "Зоя", "e\u0301", "😀"}) {
    EXPECT_EQ(fault_of_label(text), "") << text;
  }
}

TEST(Label, MustNotBeEmptyOrBlank) {
  EXPECT_EQ(fault_of_label(""), "must not be empty");
  for (const char* text : {" ", "   ", "\u00A0", "\u3000 \u2003", "\u200B"}) {
    EXPECT_EQ(fault_of_label(text), "must not be blank") << ::testing::PrintToString(text);
  }
}

TEST(Label, IsCountedInCharactersNotBytes) {
  EXPECT_EQ(fault_of_label(repeated("a", 200)), "");
  EXPECT_EQ(fault_of_label(repeated("😀", 200)), "");
  EXPECT_EQ(fault_of_label(repeated("a", 201)), "must have at most 200 characters");
  EXPECT_EQ(fault_of_label(repeated("😀", 201)), "must have at most 200 characters");
  EXPECT_EQ(fault_of_label(std::string(10 << 20, 'a')), "must have at most 200 characters");
}

TEST(Label, MustNotContainControlCharacters) {
  for (const std::string& text :
       {std::string("a\nb"), std::string("a\tb"), std::string("a\0b", 3), std::string("\x1B[31m"),
        std::string("a\x7F"), std::string("a\u0085"), std::string("a\u2028")}) {
    EXPECT_EQ(fault_of_label(text), "must not contain control characters")
        << ::testing::PrintToString(text);
  }
}

TEST(Label, MustBeUtf8) {
  for (const char* text : {"\xFF", "Ada\xC3", "\xED\xA0\x80", "\xC0\x80"}) {
    EXPECT_EQ(fault_of_label(text), "must be UTF-8") << ::testing::PrintToString(text);
  }
}

TEST(Text, MayHaveManyLinesAndMayBeEmpty) {
  EXPECT_EQ(fault_of_text(""), "");
  EXPECT_EQ(fault_of_text("one\ntwo\r\n\tthree 😀"), "");
}

TEST(Text, IsCountedInBytes) {
  EXPECT_EQ(fault_of_text(repeated("😀", 25)), "");
  EXPECT_EQ(fault_of_text(repeated("😀", 25) + "a"), "must have at most 100 bytes");
}

TEST(Text, IsWhatPostgresCanStore) {
  EXPECT_EQ(fault_of_text(std::string("a\0b", 3)), "must not contain NUL");
  EXPECT_EQ(fault_of_text("Ada\xC3"), "must be UTF-8");
}

TEST(RequestId, IsVisibleAscii) {
  EXPECT_EQ(fault_of_request_id(""), "");
  EXPECT_EQ(fault_of_request_id("7f0c6e0e-6a0c-4c58-a1a4-6d3d8c0f5a43"), "");
  EXPECT_EQ(fault_of_request_id(repeated("x", 128)), "");
  for (const std::string& id : {repeated("x", 129), std::string("a b"), std::string("a\n"),
                                std::string("\u00E9"), std::string("a\0b", 3)}) {
    EXPECT_NE(fault_of_request_id(id), "") << ::testing::PrintToString(id);
  }
}

TEST(Id, IsPositive) {
  for (const std::int64_t id : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    status::BadRequest bad;
    check_id("the.path", id, bad);
    EXPECT_EQ(fault_of(bad), "must be positive") << id;
  }
  status::BadRequest bad;
  check_id("the.path", 1, bad);
  check_id("the.path", INT64_MAX, bad);
  EXPECT_TRUE(bad.ok());
}

}  // namespace
}  // namespace weir::api
