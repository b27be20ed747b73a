// SPDX-License-Identifier: Apache-2.0
#include "server/batch/wire.h"

#include <gtest/gtest.h>

namespace weir::batch {
namespace {

TEST(BatchName, IsReadBackAsItWasWritten) {
  status::BadRequest bad;
  EXPECT_EQ(id_of(name_of(42), bad), 42);
  EXPECT_TRUE(bad.ok());
}

TEST(BatchName, IsNothingElse) {
  for (const char* name : {"", "42", "batches/", "batches/0", "batches/-1", "batches/042",
                           "batches/1/items", "batches/ 1", "users/1"}) {
    status::BadRequest bad;
    (void)id_of(name, bad);
    EXPECT_FALSE(bad.ok()) << name;
  }
}

TEST(ItemResult, WithoutAResultWasCancelled) {
  const v1::BatchResult result = to_wire(ItemResult{7, "mine", ""});
  EXPECT_EQ(result.item_id(), "mine");
  EXPECT_EQ(result.status().code(), static_cast<int>(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace weir::batch
