// SPDX-License-Identifier: Apache-2.0
// Each example prints what its file says below "// Output:", under many schedules, in virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "async/testing/async_test.h"
#include "examples/table.h"

namespace weir::examples {
namespace {

constexpr std::uint64_t kSeeds = 50;

struct Expected {
  std::vector<std::string> lines;
  bool in_any_order = false;
};

std::vector<std::string> lines_of(std::istream& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

Expected expected_of(const Example& example) {
  std::ifstream file(std::string(std::getenv("WEIR_SOURCE_DIR")) + "/examples/" + example.name +
                     ".cc");
  Expected expected;
  bool began = false;
  for (const std::string& line : lines_of(file)) {
    if (began) expected.lines.push_back(line.substr(std::string_view("// ").size()));
    if (line == "// Output:" || line == "// Output, in any order:") began = true;
    if (line == "// Output, in any order:") expected.in_any_order = true;
  }
  return expected;
}

class Examples : public ::testing::TestWithParam<Example> {
 protected:
  void SetUp() override {
    if (std::getenv("WEIR_SOURCE_DIR") == nullptr) GTEST_SKIP() << "WEIR_SOURCE_DIR is not set";
  }
};

TEST_P(Examples, PrintsWhatItsFileSays) {
  Expected expected = expected_of(GetParam());
  ASSERT_FALSE(expected.lines.empty());
  if (expected.in_any_order) std::sort(expected.lines.begin(), expected.lines.end());
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::stringstream out;
    testing::TestLoop loop(seed);
    testing::run_or_abort(loop, GetParam().run(out), GetParam().name);
    std::vector<std::string> said = lines_of(out);
    if (expected.in_any_order) std::sort(said.begin(), said.end());
    EXPECT_EQ(said, expected.lines);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Examples, ::testing::ValuesIn(all()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace weir::examples
