// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/die.h"

#include <cstdio>
#include <cstdlib>

namespace weir::gload {

void die(const std::string& what) {
  std::fprintf(stderr, "gload: %s\n", what.c_str());
  std::exit(1);
}

}  // namespace weir::gload
