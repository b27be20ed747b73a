// SPDX-License-Identifier: Apache-2.0
#pragma once

// The exit codes of `weir`: what a script needs to tell apart. Part of the interface, like the
// flags; `weir --help` prints the table.

#include "absl/status/status.h"

namespace weir::cli {

enum ExitCode : int {
  kOk = 0,
  kNo = 1,  // it ran, and the answer is no: not serving, calls of a load failed
  kUsage = 2,
  kNotFound = 3,
  kInvalid = 4,
  kUnavailable = 5,
  kConflict = 6,
  kDenied = 7,
  kOverQuota = 8,
  kFailed = 9,
  kInterrupted = 130,  // as a shell reports SIGINT
};

int exit_code_of(const absl::Status& status);

inline constexpr const char kExitCodesHelp[] = R"(Exit codes:
  0    done
  1    the answer is no: not serving, or calls of `weir load` failed
  2    wrong usage
  3    not found
  4    the server refused an argument
  5    unavailable, or not in time
  6    conflict: exists already, or changed since
  7    not allowed: wrong password, or no permission
  8    over quota
  9    any other failure
  130  interrupted)";

}  // namespace weir::cli
