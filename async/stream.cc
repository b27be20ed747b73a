// SPDX-License-Identifier: Apache-2.0
#include "async/stream.h"

#include <cstdio>
#include <cstdlib>

namespace weir::detail {

void stream_misused(const char* how) {
  std::fprintf(stderr,
               "weir: a Stream was %s; a stream has one reader, who keeps it until next() is "
               "answered\n",
               how);
  std::abort();
}

}  // namespace weir::detail
