// SPDX-License-Identifier: Apache-2.0
#include "async/pool.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace weir::detail {

void pool_destroyed_with_leases(std::size_t leases) {
  std::fprintf(stderr, "weir: a Pool was destroyed with %zu leases out; co_await close() first\n",
               leases);
  std::abort();
}

absl::Status pool_closed() { return absl::FailedPreconditionError("the pool is closed"); }

absl::Status pool_timed_out(std::size_t max) {
  return absl::UnavailableError(
      absl::StrCat("none of the pool's ", max, " became free in time; try again later"));
}

}  // namespace weir::detail
