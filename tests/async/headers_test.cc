// SPDX-License-Identifier: Apache-2.0
// Every public header of async/ opens with what it is, its counterpart in Tokio, and its trap.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace weir {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

struct Header {
  std::string name;
  std::vector<std::string> lines;
  std::string opening;  // the first comment after #pragma once
};

std::vector<Header> public_headers() {
  const char* source = std::getenv("WEIR_SOURCE_DIR");
  std::vector<Header> headers;
  if (source == nullptr) return headers;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(source) / "async")) {
    if (entry.path().extension() != ".h" || entry.path().parent_path().filename() == "detail") {
      continue;
    }
    Header header{entry.path().filename(), {}, {}};
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) header.lines.push_back(line);
    for (std::size_t i = 3; i < header.lines.size() && header.lines[i].starts_with("//"); ++i) {
      header.opening += header.lines[i] + "\n";
    }
    headers.push_back(std::move(header));
  }
  return headers;
}

class PublicHeader : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("WEIR_SOURCE_DIR") == nullptr) GTEST_SKIP() << "WEIR_SOURCE_DIR is not set";
    ASSERT_GT(headers_.size(), 15U);
  }
  const std::vector<Header> headers_ = public_headers();
};

TEST_F(PublicHeader, BeginsWithItsLicenceAndPragmaOnce) {
  for (const Header& header : headers_) {
    SCOPED_TRACE(header.name);
    ASSERT_GT(header.lines.size(), 4U);
    EXPECT_EQ(header.lines[0], "// SPDX-License-Identifier: Apache-2.0");
    EXPECT_EQ(header.lines[1], "#pragma once");
    EXPECT_EQ(header.lines[2], "");
  }
}

TEST_F(PublicHeader, SaysInOneSentenceWhatItIs) {
  for (const Header& header : headers_) {
    SCOPED_TRACE(header.name);
    const std::string first = header.opening.substr(0, header.opening.find('\n'));
    EXPECT_THAT(first, ContainsRegex("^// [A-Za-z_<>, :()]+"));
    EXPECT_GT(header.opening.size(), 150U) << header.opening;
  }
}

TEST_F(PublicHeader, NamesItsCounterpartInTokio) {
  for (const Header& header : headers_) {
    SCOPED_TRACE(header.name);
    EXPECT_THAT(header.opening, ::testing::AnyOf(HasSubstr("Tokio"), HasSubstr("Rust")));
  }
}

TEST_F(PublicHeader, NamesItsTrapOrItsThread) {
  for (const Header& header : headers_) {
    SCOPED_TRACE(header.name);
    EXPECT_THAT(header.opening, ContainsRegex("Traps?[.:]|Thread:|Lifetime:"));
  }
}

}  // namespace
}  // namespace weir
