// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_codec.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::users {
namespace {

User ada() {
  User user;
  user.id = 42;
  user.name = "Ada \xF0\x9F\x98\x80";
  user.email = "ada@example.com";
  user.create_time = absl::FromUnixMicros(1'700'000'000'123'456);
  user.update_time = absl::FromUnixMicros(1'700'000'001'000'001);
  user.version = 7;
  return user;
}

TEST(UserCodec, BringsBackEveryField) { EXPECT_EQ(decode(encode(ada()), 7), ada()); }

TEST(UserCodec, BringsBackEmptyStringsAndTheYearOne) {
  User user;
  user.create_time = absl::FromUnixMicros(-62'135'596'800'000'000);
  user.update_time = absl::UnixEpoch();
  EXPECT_EQ(decode(encode(user), 0), user);
}

TEST(UserCodec, RefusesBytesThatAreCutShort) {
  const std::string bytes = encode(ada());
  const std::size_t fixed = bytes.size() - ada().name.size() - ada().email.size();
  for (std::size_t size = 0; size < fixed + ada().name.size(); ++size) {
    EXPECT_EQ(decode(absl::string_view(bytes).substr(0, size), 7), std::nullopt) << size;
  }
}

TEST(UserCodec, KeepsAnAnswerWithItsVersion) {
  EXPECT_EQ(decode_answer(encode_answer(ada())), ada());
}

TEST(UserCodec, RefusesAnAnswerOfAnotherFormat) {
  EXPECT_EQ(decode_answer(""), std::nullopt);
  EXPECT_EQ(decode_answer("1 7"), std::nullopt);
  EXPECT_EQ(decode_answer("1 x " + encode(ada())), std::nullopt);
  EXPECT_EQ(decode_answer("2 7 " + encode(ada())), std::nullopt);
}

}  // namespace
}  // namespace weir::users
