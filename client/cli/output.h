// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a command prints on stdout: a message as JSON or for people. What does not belong to the
// answer goes to stderr.

#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/json.h"
#include "client/cli/settings.h"
#include "client/cli/text.h"

namespace weir::cli {

inline void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

// A line on stderr that is about the command, not the answer.
inline void say(absl::string_view text) {
  std::fputs(absl::StrCat("weir: ", printable(text), "\n").c_str(), stderr);
}

// Prints an answer and returns the exit code. `view` is how people want to see it.
template <class Message, class View>
int show(const absl::StatusOr<Message>& answer, const Settings& settings, View view) {
  if (!answer.ok()) return fail(answer.status(), settings);
  print(settings.json ? as_json(*answer) + "\n" : view(*answer));
  return kOk;
}

}  // namespace weir::cli
