// SPDX-License-Identifier: Apache-2.0
// Flags, one in a line.

#include "server/config/settings.h"

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  std::string text;
  std::string address = "127.0.0.1:1";
  std::string choice = "one";
  bool flag = false;
  int number = 5;
  Duration duration = std::chrono::seconds(1);
  config::Settings settings;
  settings.text("text", &text, "");
  settings.address("address", &address, "");
  settings.choice("choice", &choice, {"one", "two"}, "");
  settings.flag("flag", &flag, "");
  settings.number("number", &number, 1, 10, "", "");
  settings.duration("duration", &duration, std::chrono::seconds(1), std::chrono::seconds(10), "");

  std::vector<std::string> lines = absl::StrSplit(fuzz::text_of(data, size), '\n');
  std::string program = "fuzzer";
  std::vector<char*> arguments{program.data()};
  for (std::string& line : lines) arguments.push_back(line.data());
  if (!settings.parse(arguments).ok()) return 0;
  fuzz::must(number >= 1 && number <= 10);
  fuzz::must(duration >= std::chrono::seconds(1) && duration <= std::chrono::seconds(10));
  fuzz::must(choice == "one" || choice == "two");
  return 0;
}
