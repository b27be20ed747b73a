// SPDX-License-Identifier: Apache-2.0
#include "server/api/page_token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"

namespace weir::api {
namespace {

constexpr const char* kSecret = "a secret of thirty-two characters";

TEST(PageToken, ComesBackAsThePositionItWasMadeFrom) {
  const PageTokens tokens(kSecret);
  for (const std::int64_t position : {std::int64_t{0}, std::int64_t{1}, std::int64_t{255},
                                      std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(tokens.decode("users", tokens.encode("users", position)), position);
  }
}

TEST(PageToken, IsSafeInAUrl) {
  const PageTokens tokens(kSecret);
  for (std::int64_t position = 0; position < 200; ++position) {
    const std::string token = tokens.encode("users", position);
    EXPECT_EQ(token.size(), 32u);
    EXPECT_TRUE(std::all_of(token.begin(), token.end(), [](unsigned char c) {
      return absl::ascii_isalnum(c) || c == '-' || c == '_';
    })) << token;
  }
}

TEST(PageToken, IsGoodOnEveryReplicaWithTheSameSecret) {
  EXPECT_EQ(PageTokens(kSecret).decode("users", PageTokens(kSecret).encode("users", 7)), 7);
  EXPECT_EQ(PageTokens("another").decode("users", PageTokens(kSecret).encode("users", 7)),
            std::nullopt);
}

TEST(PageToken, IsGoodForItsOwnListOnly) {
  const PageTokens tokens(kSecret);
  EXPECT_EQ(tokens.decode("posts", tokens.encode("users", 7)), std::nullopt);
}

TEST(PageToken, IsRefusedIfAnyCharacterWasChanged) {
  const PageTokens tokens(kSecret);
  const std::string token = tokens.encode("users", 123456789);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(tokens.decode("users", forged), std::nullopt) << i;
  }
}

TEST(PageToken, IsRefusedIfItNeverWasOne) {
  const PageTokens tokens(kSecret);
  const std::string token = tokens.encode("users", 1);
  for (const std::string& made_up :
       {std::string(), std::string("x"), std::string("not a token"), std::string(32, 'A'),
        std::string(32, '='), std::string(32, '\0'), std::string(32, '\xFF'), token + "A",
        token.substr(1), token + "=", " " + token.substr(1)}) {
    EXPECT_EQ(tokens.decode("users", made_up), std::nullopt) << ::testing::PrintToString(made_up);
  }
}

}  // namespace
}  // namespace weir::api
