// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"
#include "server/telemetry/server_metrics.h"

namespace weir::telemetry {

void collect_log(Families& out) {
  const log::Stats stats = log::stats();
  out.counter("weir_log_lines_total", "Lines of the log, but for those that were dropped.", {},
              static_cast<double>(stats.lines - stats.write_failed));
  constexpr const char* kDropped = "weir_log_lines_dropped_total";
  constexpr const char* kHelp =
      "Lines that are missing in the log: standard error is read too slowly (slow_reader) or "
      "cannot "
      "be written (write_failed), or one place had too many in a second (rate).";
  out.counter(kDropped, kHelp, {{"reason", "slow_reader"}}, static_cast<double>(stats.no_room));
  out.counter(kDropped, kHelp, {{"reason", "write_failed"}},
              static_cast<double>(stats.write_failed));
  out.counter(kDropped, kHelp, {{"reason", "rate"}}, static_cast<double>(stats.left_out));
}

}  // namespace weir::telemetry
