// SPDX-License-Identifier: Apache-2.0
#include "server/users/validation.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::users {
namespace {

// What is said of a field, or an empty string.
std::string fault_of(const status::BadRequest& bad) {
  const auto details = status::detail_of<google::rpc::BadRequest>(bad);
  if (!details) return "";
  EXPECT_EQ(details->field_violations_size(), 1);
  EXPECT_EQ(details->field_violations(0).field(), "the.path");
  return details->field_violations(0).description();
}

std::string fault_of_name(const std::string& name) {
  status::BadRequest bad;
  check_name("the.path", name, bad);
  return fault_of(bad);
}

std::string fault_of_email(const std::string& email) {
  status::BadRequest bad;
  check_email("the.path", email, bad);
  return fault_of(bad);
}

std::string fault_of_password(const std::string& password) {
  status::BadRequest bad;
  check_password("the.path", password, bad);
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

TEST(Name, MayBeOfAnyLanguage) {
  for (const char* name :
       {"Ada", "Ada Lovelace", "O'Neill-Søren", "李小龍", "Зоя", "e\u0301", "😀"}) {
    EXPECT_EQ(fault_of_name(name), "") << name;
  }
}

TEST(Name, MustNotBeEmptyOrBlank) {
  EXPECT_EQ(fault_of_name(""), "must not be empty");
  for (const char* name : {" ", "   ", "\u00A0", "\u3000 \u2003", "\u200B"}) {
    EXPECT_EQ(fault_of_name(name), "must not be blank") << ::testing::PrintToString(name);
  }
}

TEST(Name, IsCountedInCharactersNotBytes) {
  EXPECT_EQ(fault_of_name(repeated("a", 200)), "");
  EXPECT_EQ(fault_of_name(repeated("😀", 200)), "");
  EXPECT_EQ(fault_of_name(repeated("a", 201)), "must have at most 200 characters");
  EXPECT_EQ(fault_of_name(repeated("😀", 201)), "must have at most 200 characters");
  EXPECT_EQ(fault_of_name(std::string(10 << 20, 'a')), "must have at most 200 characters");
}

TEST(Name, MustNotContainControlCharacters) {
  for (const std::string& name :
       {std::string("a\nb"), std::string("a\tb"), std::string("a\0b", 3), std::string("\x1B[31m"),
        std::string("a\x7F"), std::string("a\u0085"), std::string("a\u2028")}) {
    EXPECT_EQ(fault_of_name(name), "must not contain control characters")
        << ::testing::PrintToString(name);
  }
}

TEST(Name, MustBeUtf8) {
  for (const char* name : {"\xFF", "Ada\xC3", "\xED\xA0\x80", "\xC0\x80"}) {
    EXPECT_EQ(fault_of_name(name), "must be UTF-8") << ::testing::PrintToString(name);
  }
}

TEST(Email, IsAcceptedAsWebFormsAcceptIt) {
  for (const std::string& email :
       {std::string("ada@example.com"), std::string("ada.lovelace+tag@mail.example.co.uk"),
        std::string("a@b"), std::string("o'neill@example.com"), std::string("1@2.3"),
        std::string("x@a-b.example"), std::string("!#$%&'*+/=?^_`{|}~-@example.com"),
        repeated("a", 64) + "@example.com"}) {
    EXPECT_EQ(fault_of_email(email), "") << email;
  }
}

TEST(Email, IsRefusedIfMailCouldNotBeSentThere) {
  for (const std::string& email : {std::string("ada"),
                                   std::string("@"),
                                   std::string("ada@"),
                                   std::string("@example.com"),
                                   std::string("ada@@example.com"),
                                   std::string("a da@example.com"),
                                   std::string("ada@exam ple.com"),
                                   std::string("ada@example..com"),
                                   std::string("ada@.example.com"),
                                   std::string("ada@example.com."),
                                   std::string("ada@-example.com"),
                                   std::string("ada@example-.com"),
                                   std::string(".ada@example.com"),
                                   std::string("ada.@example.com"),
                                   std::string("a..da@example.com"),
                                   std::string("ada@exa_mple.com"),
                                   std::string("\"ada\"@example.com"),
                                   std::string("ada@[127.0.0.1]"),
                                   std::string("ad\u00E9@example.com"),
                                   std::string("ada@ex\u00E4mple.com"),
                                   std::string("ada\n@example.com"),
                                   std::string("ada@example.com\n"),
                                   std::string("a\0da@example.com", 16),
                                   std::string("ada@example.com, bob@example.com"),
                                   repeated("a", 65) + "@example.com",
                                   "ada@" + repeated("a", 64) + ".com"}) {
    EXPECT_EQ(fault_of_email(email), "must be an e-mail address, as in ada@example.com")
        << ::testing::PrintToString(email);
  }
}

TEST(Email, HasALengthLimit) {
  const std::string label = repeated("a", 59) + ".";
  const std::string longest = "abcdef@" + repeated(label, 4) + "example";
  ASSERT_EQ(longest.size(), 254u);
  EXPECT_EQ(fault_of_email(longest), "");
  EXPECT_EQ(fault_of_email("a" + longest), "must have at most 254 bytes");
  EXPECT_EQ(fault_of_email(""), "must not be empty");
}

TEST(Email, ComesBackInLowerCase) {
  status::BadRequest bad;
  EXPECT_EQ(check_email("email", "Ada.Lovelace@EXAMPLE.Com", bad), "ada.lovelace@example.com");
  EXPECT_TRUE(bad.ok());
}

TEST(Password, HasAMinimumAndAMaximumOfBytes) {
  EXPECT_NE(fault_of_password("1234567"), "");
  EXPECT_EQ(fault_of_password("12345678"), "");
  EXPECT_EQ(fault_of_password(repeated("a", 128)), "");
  EXPECT_EQ(fault_of_password(repeated("a", 129)), "must have 8 to 128 bytes");
  EXPECT_EQ(fault_of_password(std::string("\0\0\0\0\0\0\0\0", 8)), "");
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
}  // namespace weir::users
