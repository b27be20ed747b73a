// SPDX-License-Identifier: Apache-2.0
#include "server/api/paging.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/error_details.h"

namespace weir::api {
namespace {

using Fields = std::vector<std::string>;

constexpr PageLimits kLimits{.default_size = 50, .max_size = 200, .first = INT64_MAX};

struct Row {
  std::int64_t id;
};

class Paging : public ::testing::Test {
 protected:
  Page page(int size, const std::string& token = "") {
    return page_of(size, token, "list", kLimits, tokens_, bad_);
  }

  const PageTokens tokens_{"a secret of thirty-two characters"};
  status::BadRequest bad_;
};

TEST_F(Paging, HasADefaultAndALargestSize) {
  EXPECT_EQ(page(0).size, 50);
  EXPECT_EQ(page(7).size, 7);
  EXPECT_EQ(page(INT32_MAX).size, 200);
  EXPECT_TRUE(bad_.ok());
  page(-1);
  EXPECT_EQ(weir::testing::bad_fields(bad_), Fields{"page_size"});
}

TEST_F(Paging, BeginsBeforeTheFirstRowOrWhereTheTokenSays) {
  EXPECT_EQ(page(1).position, INT64_MAX);
  EXPECT_EQ(page(1, tokens_.encode("list", 42)).position, 42);
  EXPECT_TRUE(bad_.ok());
  page(1, tokens_.encode("another list", 42));
  EXPECT_EQ(weir::testing::bad_fields(bad_), Fields{"page_token"});
}

TEST_F(Paging, GivesATokenIfThereIsARowTooMany) {
  std::vector<Row> rows = {{9}, {8}, {7}};
  EXPECT_EQ(cut_to_page(rows, page(3), "list", tokens_), "");
  EXPECT_EQ(rows.size(), 3u);
  const std::string token = cut_to_page(rows, page(2), "list", tokens_);
  EXPECT_EQ(rows.size(), 2u);
  EXPECT_EQ(tokens_.decode("list", token), 8);
}

}  // namespace
}  // namespace weir::api
