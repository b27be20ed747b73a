// SPDX-License-Identifier: Apache-2.0
#include "client/cli/item_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::cli {
namespace {

// Else a file that breaks off would be a shorter one.
TEST(ItemReader, AFileThatCannotBeReadIsNotAtItsEnd) {
  for (const std::string path : {"/", "/proc/self/mem"}) {
    auto reader = ItemReader::open(path);
    ASSERT_TRUE(reader.ok()) << reader.status();
    const auto items = (*reader)->next(1);
    EXPECT_EQ(items.status().message().substr(0, path.size() + 2), path + ": ");
  }
}

TEST(ItemReader, AnEmptyFileIsAtItsEnd) {
  EXPECT_TRUE((*ItemReader::open("/dev/null"))->next(1)->empty());
}

}  // namespace
}  // namespace weir::cli
