// SPDX-License-Identifier: Apache-2.0
#pragma once

// prepare_schema: waits for Postgres and migrates it, or waits until somebody else has, before
// anything is served.

#include "absl/status/status.h"
#include "async/cancellation.h"
#include "server/config/config.h"

namespace weir {

// Tries until `start_timeout` has passed or `stop` is cancelled.
absl::Status prepare_schema(const config::Config& config, const CancellationToken& stop);

}  // namespace weir
