// SPDX-License-Identifier: Apache-2.0
#include "client/cli/options.h"

#include "absl/time/time.h"

namespace weir::cli {

CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration* target,
                          const std::string& help) {
  const auto check = [](const std::string& text) -> std::string {
    absl::Duration parsed;
    const bool is_valid = absl::ParseDuration(text, &parsed) && parsed > absl::ZeroDuration() &&
                          parsed <= absl::Hours(24);
    return is_valid ? "" : "\"" + text + "\" is no duration from 1ns to 24h, such as 500ms or 5s";
  };
  const auto set = [target](const std::string& text) {
    absl::Duration parsed;
    absl::ParseDuration(text, &parsed);
    *target = absl::ToChronoNanoseconds(parsed);
  };
  return app.add_option_function<std::string>(name, set, help)
      ->check(CLI::Validator(check, "", "duration"))
      ->type_name("DURATION")
      ->default_str(absl::FormatDuration(absl::FromChrono(*target)));
}

CLI::Option* add_user_id(CLI::App& command, std::int64_t* id) {
  return command.add_option("user", *id, "The user's id")->type_name("USER")->required();
}

}  // namespace weir::cli
