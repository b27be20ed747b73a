// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace weir {

// 1, 2, 3 ... last.
inline std::vector<int> numbers(int last) {
  std::vector<int> all;
  for (int i = 1; i <= last; ++i) all.push_back(i);
  return all;
}

}  // namespace weir
