// SPDX-License-Identifier: Apache-2.0
#pragma once

// Passwords come from the terminal, a file or standard input, and never from an argument: those are
// in the shell's history, and every process may read them.

#include <CLI/CLI.hpp>

#include <string>

#include "absl/status/statusor.h"

namespace weir::cli {

struct PasswordSource {
  bool from_terminal = false;
  bool from_stdin = false;
  std::string file;

  bool is_given() const { return from_terminal || from_stdin || !file.empty(); }
};

void add_password_options(CLI::App& app, PasswordSource& source);

enum class Typed : unsigned char { kOnce, kTwice };

// From the terminal unless another source is given. The newline at the end does not belong to it.
absl::StatusOr<std::string> read_password(const PasswordSource& source, Typed typed);

}  // namespace weir::cli
