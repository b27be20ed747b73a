// SPDX-License-Identifier: Apache-2.0
#include "client/cli/watching.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/output.h"

namespace weir::cli {

CLI::Option* add_max_events(CLI::App& command, int* max_events) {
  return command.add_option("--max-events", *max_events, "End after so many [default: never]")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

void say_interrupted(const absl::Status& why) {
  say(absl::StrCat("interrupted (", why.message(), "), going on"));
}

int run_watch(Session& session, Interrupt& interrupt, Task<absl::Status> watch,
              const Settings& settings) {
  const absl::Status ended = session.run(interrupt.cancels(std::move(watch)));
  if (interrupt.has_come()) return kOk;
  return ended.ok() ? kOk : fail(ended, settings);
}

}  // namespace weir::cli
