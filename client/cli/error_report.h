// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a failed call says to a person, and to a script.

#include <string>

#include "absl/status/status.h"
#include "client/cli/settings.h"

namespace weir::cli {

// The message with code and reason in one line; then a line for each field or quota at fault, and
// what to do, where that is known. Ends with a newline.
std::string explain(const absl::Status& error, const Settings& settings);

// A google.rpc.Status as JSON, in one line.
std::string explain_as_json(const absl::Status& error);

// Prints one of the two on stderr and returns the exit code.
int fail(const absl::Status& error, const Settings& settings);

}  // namespace weir::cli
