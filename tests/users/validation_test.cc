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

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(Name, IsALabelOf200Characters) {
  EXPECT_EQ(fault_of_name(repeated("😀", 200)), "");
  EXPECT_EQ(fault_of_name(repeated("a", 201)), "must have at most 200 characters");
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

}  // namespace
}  // namespace weir::users
