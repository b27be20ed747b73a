// SPDX-License-Identifier: Apache-2.0
#include "async/join_set.h"

#include <cstdio>
#include <cstdlib>

namespace weir::detail {

void destroyed_with_running_tasks(const char* what, std::size_t running) {
  std::fprintf(
      stderr,
      "weir: a %s was destroyed while %zu of its tasks were running; join them all, or use "
      "with_scope\n",
      what, running);
  std::abort();
}

void report_unjoined(const CancelScope& scope, const LostError& lost) {
  if (lost.status.code() != scope.status().code()) report_lost_error(lost);
}

}  // namespace weir::detail
