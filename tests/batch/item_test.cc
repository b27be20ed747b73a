// SPDX-License-Identifier: Apache-2.0
#include "server/batch/item.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::batch {
namespace {

// An item of so many bytes.
v1::BatchItem item_of(std::size_t bytes) {
  v1::BatchItem item;
  item.mutable_get()->set_id(1);
  item.set_item_id("x");
  // What does not know a field keeps it.
  std::string& unknown = *item.GetReflection()->MutableUnknownFields(&item)->AddLengthDelimited(99);
  unknown.resize(bytes - 100);
  unknown.resize(bytes - 100 + (bytes - item.ByteSizeLong()));
  EXPECT_EQ(item.ByteSizeLong(), bytes);
  return item;
}

std::string bad_field(const v1::BatchItem& item) {
  status::BadRequest bad;
  check_item(item, bad);
  const auto details = status::detail_of<google::rpc::BadRequest>(bad);
  return details ? details->field_violations(0).field() : "";
}

TEST(Item, HasALimitedSize) {
  EXPECT_EQ(bad_field(item_of(kMaxItemBytes)), "");
  EXPECT_EQ(bad_field(item_of(kMaxItemBytes + 1)), "op");
}

}  // namespace
}  // namespace weir::batch
