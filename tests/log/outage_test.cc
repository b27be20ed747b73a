// SPDX-License-Identifier: Apache-2.0
#include "server/log/outage.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::log {
namespace {

class OutageTest : public ::testing::Test {
 protected:
  std::vector<std::string> lines_;
  std::uint64_t attempts_ = 0;
  Outage outage_{[this](Level level, std::string_view message, Fields fields) {
                   std::string line(level == Level::kWarning ? "warning " : "info ");
                   line += message;
                   for (const auto& [name, value] : fields) {
                     if (name == "reason") line += ": " + text(value);
                     if (name == "failed_attempts") attempts_ = std::get<std::uint64_t>(value.of());
                   }
                   lines_.push_back(line);
                 },
                 {"is gone", "is back"}};

 private:
  static std::string text(const Value& value) {
    return std::string(std::get<std::string_view>(value.of()));
  }
};

TEST_F(OutageTest, IsOneLineAtItsBeginningAndOneAtItsEnd) {
  Outage::Part part(outage_);
  part.works();
  for (int i = 0; i < 100; ++i) part.failed("refused");
  part.works();
  part.works();
  EXPECT_EQ(lines_, (std::vector<std::string>{"warning is gone: refused", "info is back"}));
  EXPECT_EQ(attempts_, 100u);
}

TEST_F(OutageTest, IsOverWhenAllPartsWork) {
  Outage::Part one(outage_);
  Outage::Part other(outage_);
  one.failed("refused");
  other.failed("starting up");
  one.works();
  EXPECT_EQ(lines_.size(), 1u);
  other.works();
  EXPECT_EQ(lines_.size(), 2u);
  EXPECT_EQ(attempts_, 2u);
}

TEST_F(OutageTest, TheNextOneCountsAnew) {
  Outage::Part part(outage_);
  part.failed("a");
  part.failed("a");
  part.works();
  part.failed("b");
  part.works();
  EXPECT_EQ(lines_.size(), 4u);
  EXPECT_EQ(lines_[2], "warning is gone: b");
  EXPECT_EQ(attempts_, 1u);
}

TEST_F(OutageTest, APartThatEndsSaysNothing) {
  {
    Outage::Part part(outage_);
    part.failed("a");
  }
  Outage::Part part(outage_);
  part.failed("b");
  EXPECT_EQ(lines_.back(), "warning is gone: b");
  EXPECT_EQ(lines_.size(), 2u);
}

}  // namespace
}  // namespace weir::log
