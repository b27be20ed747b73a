// SPDX-License-Identifier: Apache-2.0
#pragma once

// The terminal that a person sits at, whatever standard input and output are.

#include <string>

#include "absl/status/statusor.h"

namespace weir::cli {

// Asks for one line that does not appear as it is typed. FAILED_PRECONDITION if there is no
// terminal.
//
// A signal that ends or stops the program in the meantime (ctrl-C, ctrl-Z) still does, but finds
// the terminal as it was before.
absl::StatusOr<std::string> ask_without_echo(const std::string& prompt);

}  // namespace weir::cli
