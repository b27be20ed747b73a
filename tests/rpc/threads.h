// SPDX-License-Identifier: Apache-2.0
#pragma once

// count_threads: how many this process has.

#include <filesystem>
#include <iterator>

namespace weir::rpc::test {

inline int count_threads() {
  using Entries = std::filesystem::directory_iterator;
  return static_cast<int>(std::distance(Entries("/proc/self/task"), Entries()));
}

}  // namespace weir::rpc::test
