// SPDX-License-Identifier: Apache-2.0
// gload: a gRPC load generator that costs little itself, on nghttp2. See options.cc or --help.

#include "bench/gload/die.h"
#include "bench/gload/modes.h"
#include "bench/gload/options.h"
#include "bench/gload/workload.h"

int main(int argc, char** argv) {
  using namespace weir::gload;
  const Options options = parse_options(argc, argv);
  if (options.calibrate) return calibrate();
  if (options.watchers > 0) return watch(options);
  const auto workload = Workload::named(options.workload, options.ids, options.seed);
  if (!workload) die("there is no workload '" + options.workload + "'; see --help");
  if (!options.surge.empty()) return surge(options, *workload);
  return options.hold > 0 ? hold(options, *workload) : measure(options, *workload);
}
