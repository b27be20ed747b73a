// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the commands that watch something share: they go on until ctrl-C, which is their proper end,
// and say on stderr when they had to begin again.

#include "client/cli/interrupt.h"
#include "client/cli/options.h"
#include "client/cli/session.h"

namespace weir::cli {

// Ends after so many; 0: never.
CLI::Option* add_max_events(CLI::App& command, int* max_events);

void say_interrupted(const absl::Status& why);

// Returns the exit code.
int run_watch(Session& session, Interrupt& interrupt, Task<absl::Status> watch,
              const Settings& settings);

}  // namespace weir::cli
