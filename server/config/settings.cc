// SPDX-License-Identifier: Apache-2.0
#include "server/config/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/config/names.h"
#include "server/rpc/listener.h"

namespace weir::config {
namespace {

std::string variable_of(const std::string& name) {
  return absl::StrCat("WEIR_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}})));
}

std::string print(Duration duration) { return absl::FormatDuration(absl::FromChrono(duration)); }

// The environment's way of saying nothing is an empty value.
const char* environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  return value == nullptr || *value == '\0' ? nullptr : value;
}

}  // namespace

absl::Status wrong(const std::string& name, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("--", name, " (", variable_of(name), "): ", what));
}

void Settings::section(std::string title) { add({.name = "", .help = std::move(title)}); }

void Settings::text(std::string name, std::string* target, std::string help) {
  add({.name = std::move(name),
       .help = std::move(help),
       .default_value = target->empty() ? "none" : *target,
       .set = [target](const std::string& value) {
         if (value.empty()) return std::string("must not be empty");
         *target = value;
         return std::string();
       }});
  rows_.back().value = [target] { return target->empty() ? "none" : *target; };
}

void Settings::address(std::string name, std::string* target, std::string help, bool may_be_unix) {
  add({.name = std::move(name),
       .help = std::move(help),
       .unit_and_range = may_be_unix ? "host:port, or unix:/path" : "host:port",
       .default_value = *target,
       .set = [target, may_be_unix](const std::string& value) {
         const absl::StatusOr<rpc::ListenAddress> parsed = rpc::parse_listen_address(value);
         if (!parsed.ok()) return std::string(parsed.status().message());
         if (!may_be_unix && parsed->kind != rpc::ListenAddress::Kind::kTcp) {
           return std::string("must be host:port, such as 127.0.0.1:8081");
         }
         *target = value;
         return std::string();
       }});
  rows_.back().value = [target] { return *target; };
}

void Settings::choice(std::string name, std::string* target, std::vector<std::string> choices,
                      std::string help) {
  const std::string listed = absl::StrJoin(choices, " | ");
  add({.name = std::move(name),
       .help = std::move(help),
       .unit_and_range = listed,
       .default_value = *target,
       .set = [target, choices = std::move(choices), listed](const std::string& value) {
         if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
           return absl::StrCat("must be one of ", listed);
         }
         *target = value;
         return std::string();
       }});
  rows_.back().value = [target] { return *target; };
}

void Settings::secret(std::string name, std::string* target, std::string help) {
  add({.name = std::move(name),
       .help = std::move(help),
       .is_secret = true,
       .set = [target](const std::string& value) {
         *target = value;
         return std::string();
       }});
  rows_.back().value = [target] { return std::string(target->empty() ? "" : "set"); };
}

void Settings::flag(std::string name, bool* target, std::string help) {
  add({.name = std::move(name),
       .help = std::move(help),
       .unit_and_range = "true | false",
       .default_value = *target ? "true" : "false",
       .is_switch = true,
       .set = [target](const std::string& value) {
         return absl::SimpleAtob(value, target) ? std::string()
                                                : std::string("must be true or false");
       }});
  rows_.back().value = [target] { return std::string(*target ? "true" : "false"); };
}

void Settings::command(std::string name, bool* target, std::string help) {
  flag(std::move(name), target, std::move(help));
  rows_.back().is_command = true;
  rows_.back().unit_and_range.clear();
  rows_.back().default_value.clear();
}

void Settings::duration(std::string name, Duration* target, Duration min, Duration max,
                        std::string help) {
  const std::string range = absl::StrCat(print(min), " to ", print(max));
  add({.name = std::move(name),
       .help = std::move(help),
       .unit_and_range = range,
       .default_value = print(*target),
       .set = [target, min, max, range](const std::string& value) {
         absl::Duration parsed;
         if (!absl::ParseDuration(value, &parsed)) {
           return std::string("must be a time with its unit, such as 500ms, 2s or 5m");
         }
         const Duration duration = absl::ToChronoNanoseconds(parsed);
         if (duration < min || duration > max) return absl::StrCat("must be from ", range);
         *target = duration;
         return std::string();
       }});
  rows_.back().value = [target] { return print(*target); };
}

void Settings::add_number(std::string name, std::int64_t default_value, std::int64_t min,
                          std::int64_t max, std::string unit, std::string help,
                          std::function<void(std::int64_t)> set) {
  const std::string range = absl::StrCat(min, " to ", max);
  add({.name = std::move(name),
       .help = std::move(help),
       .unit_and_range = absl::StrCat(range, unit.empty() ? "" : " ", unit),
       .default_value = absl::StrCat(default_value),
       .set = [min, max, range, set = std::move(set)](const std::string& value) {
         std::int64_t number = 0;
         if (!absl::SimpleAtoi(value, &number)) return std::string("must be a whole number");
         if (number < min || number > max) return absl::StrCat("must be from ", range);
         set(number);
         return std::string();
       }});
}

const Settings::Row* Settings::find(const std::string& name) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return !row.name.empty() && row.name == name;
  });
  return found == rows_.end() ? nullptr : &*found;
}

absl::Status Settings::read_environment(const Row& row) {
  const std::string variable = variable_of(row.name);
  std::string value;
  if (const char* given = environment(variable)) {
    value = given;
  } else if (const char* path = row.is_secret ? environment(variable + "_FILE") : nullptr) {
    // This way of reading reports errors as state: a directory opens, and throws when it is read.
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    value = std::string(absl::StripTrailingAsciiWhitespace(content.str()));
    // What cannot be read must not pass for a secret that is not set.
    if (value.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(variable, "_FILE: cannot be read, or is empty: ", path));
    }
  } else {
    return absl::OkStatus();
  }
  const std::string error = row.set(value);
  return error.empty() ? absl::OkStatus() : wrong(row.name, error);
}

absl::Status Settings::parse(absl::Span<char* const> arguments) {
  for (const Row& row : rows_) {
    if (row.name.empty() || row.is_command) continue;
    if (absl::Status status = read_environment(row); !status.ok()) return status;
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (!absl::StartsWith(argument, "--")) {
      // Not repeated: it may be a secret.
      return absl::InvalidArgumentError(
          absl::StrCat("argument ", i + 1, " is not an option; see --help"));
    }
    const std::string::size_type equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    const Row* row = find(flag.substr(2));
    if (row == nullptr) {
      return absl::InvalidArgumentError(no_such_setting(flag, flags()));
    }
    if (row->is_secret) {
      return wrong(row->name, "is a secret: give it in the environment or in a file");
    }
    std::string value = "true";
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (!row->is_switch) {
      if (++i == arguments.size()) return wrong(row->name, "needs a value");
      value = arguments[i];
    }
    if (const std::string error = row->set(value); !error.empty()) return wrong(row->name, error);
  }
  return absl::OkStatus();
}

std::vector<std::string> Settings::flags() const {
  std::vector<std::string> names;
  for (const Row& row : rows_) {
    if (!row.name.empty() && !row.is_secret) names.push_back("--" + row.name);
  }
  return names;
}

absl::Status Settings::check_variables() const {
  std::vector<std::string> known;
  for (const Row& row : rows_) {
    if (row.name.empty() || row.is_command) continue;
    known.push_back(variable_of(row.name));
    if (row.is_secret) known.push_back(known.back() + "_FILE");
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<absl::string_view, absl::string_view> variable =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    const auto& [name, value] = variable;
    if (!absl::StartsWith(name, "WEIR_") || value.empty() || is_of_others(name, value) ||
        absl::c_linear_search(known, name)) {
      continue;
    }
    for (const Row& row : rows_) {
      if (!row.is_command || variable_of(row.name) != name) continue;
      return absl::InvalidArgumentError(absl::StrCat(name, ": is a flag only, --", row.name));
    }
    return absl::InvalidArgumentError(no_such_setting(name, known));
  }
  return absl::OkStatus();
}

std::vector<std::pair<std::string, std::string>> Settings::changed() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Row& row : rows_) {
    if (row.name.empty() || row.is_command) continue;
    if (std::string value = row.value(); value != row.default_value) {
      all.emplace_back(row.name, std::move(value));
    }
  }
  return all;
}

std::string Settings::help() const {
  std::string out;
  for (const Row& row : rows_) {
    if (row.name.empty()) {
      absl::StrAppend(&out, "\n", row.help, "\n");
      continue;
    }
    std::vector<std::string> facts;
    if (!row.unit_and_range.empty()) facts.push_back(row.unit_and_range);
    if (!row.default_value.empty()) facts.push_back("default " + row.default_value);
    const std::string variable = variable_of(row.name);
    absl::StrAppendFormat(&out, "  %-36s %s\n", row.is_secret ? variable : "--" + row.name,
                          row.help);
    if (row.is_command) continue;
    if (row.is_secret) facts.emplace_back("or the file that has it");
    absl::StrAppendFormat(&out, "  %-36s %s\n", row.is_secret ? variable + "_FILE" : variable,
                          absl::StrJoin(facts, "; "));
  }
  return out;
}

}  // namespace weir::config
