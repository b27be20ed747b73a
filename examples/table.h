// SPDX-License-Identifier: Apache-2.0
#pragma once

// The examples that are functions, by name.

#include <iosfwd>
#include <string>
#include <vector>

#include "async/task.h"

namespace weir::examples {

struct Example {
  std::string name;  // its file, without .cc
  Task<void> (*run)(std::ostream& out);
};

const std::vector<Example>& all();

}  // namespace weir::examples
