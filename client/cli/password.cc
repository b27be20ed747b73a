// SPDX-License-Identifier: Apache-2.0
#include "client/cli/password.h"

#include <fstream>
#include <iostream>

#include "absl/strings/strip.h"
#include "client/cli/terminal.h"

namespace weir::cli {
namespace {

absl::StatusOr<std::string> first_line(std::istream& in, const std::string& name) {
  std::string line;
  if (!std::getline(in, line)) {
    return absl::InvalidArgumentError("there is no password in " + name);
  }
  return std::string(absl::StripSuffix(line, "\r"));
}

absl::StatusOr<std::string> ask(Typed typed) {
  absl::StatusOr<std::string> password = ask_without_echo("Password: ");
  if (!password.ok() || typed == Typed::kOnce) return password;
  const absl::StatusOr<std::string> again = ask_without_echo("Again: ");
  if (!again.ok()) return again;
  if (*again != *password) return absl::InvalidArgumentError("the two passwords differ");
  return password;
}

}  // namespace

void add_password_options(CLI::App& app, PasswordSource& source) {
  auto* stdin_option = app.add_flag("--password-stdin", source.from_stdin,
                                    "Read the password from the first line of standard input");
  app.add_option("--password-file", source.file, "Read the password from the first line of a file")
      ->type_name("FILE")
      ->excludes(stdin_option);
}

absl::StatusOr<std::string> read_password(const PasswordSource& source, Typed typed) {
  if (source.from_stdin) return first_line(std::cin, "the standard input");
  if (source.file.empty()) return ask(typed);
  std::ifstream file(source.file);
  if (!file) return absl::InvalidArgumentError("cannot read the file " + source.file);
  return first_line(file, source.file);
}

}  // namespace weir::cli
