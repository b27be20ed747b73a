// SPDX-License-Identifier: Apache-2.0
#pragma once

// What gload can be asked for. Each prints one JSON object, and returns the exit status.

#include "bench/gload/options.h"
#include "bench/gload/workload.h"

namespace weir::gload {

// Speed: calls per second, latency, CPU time.
int measure(const Options& options, Workload workload);

// Memory: of the idle server, and of the server while calls are in progress. The server must have
// something that keeps them waiting, such as a database that is stopped; once gload has printed the
// object, let it go on, for then gload awaits the answers.
int hold(const Options& options, Workload workload);

// WatchUsers: changes at a fixed rate, and many watchers, each of which must see all of them, in
// order for each user. Prints the lag, from when a change was due to be sent until a watcher has
// it.
int watch(const Options& options);

// Overload: phases of calls that arrive at fixed rates whatever the server does, which it may
// refuse. Prints what became of them, in every tenth of a second.
int surge(const Options& options, Workload workload);

// The speed of the machine.
int calibrate();

}  // namespace weir::gload
