// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace weir::detail {

// Without its folders, for people.
inline std::string_view file_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace weir::detail
