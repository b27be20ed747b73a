// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a test puts into the environment and into files, and takes away again.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace weir::config::test {

class ScopedEnvironment {
 public:
  ~ScopedEnvironment() {
    for (const std::string& name : names_) unsetenv(name.c_str());
    for (const std::string& file : files_) std::filesystem::remove(file);
  }
  void set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }
  // A file with that in it; returns its path.
  std::string file(const std::string& content) {
    std::string path = (std::filesystem::temp_directory_path() / "weir-config-XXXXXX").string();
    const int fd = mkstemp(path.data());
    if (fd >= 0) close(fd);
    std::ofstream(path) << content;
    files_.push_back(path);
    return path;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> files_;
};

// argv[1...], as main gets it.
class Arguments {
 public:
  Arguments(std::initializer_list<std::string> arguments) : owned_(arguments) {
    for (std::string& one : owned_) pointers_.push_back(one.data());
  }
  absl::Span<char* const> get() { return pointers_; }

 private:
  std::vector<std::string> owned_;
  std::vector<char*> pointers_;
};

}  // namespace weir::config::test
