// SPDX-License-Identifier: Apache-2.0
#pragma once

// Settings: the one table of what can be configured: name, default, unit, range, what for. Each can
// be given as a flag (--max-calls=500) or in the environment (WEIR_MAX_CALLS=500); the flag wins. A
// secret has no flag, for everybody can read those: it comes from its variable or from the file
// that WEIR_..._FILE names.
//
// Everything is checked before anything starts; the first wrong value is the error, in one line
// that names it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "async/time.h"

namespace weir::config {

// The error of a setting, which it names in both ways that one can have set it.
absl::Status wrong(const std::string& name, const std::string& what);

class Settings {
 public:
  // Each adds a row that writes to `*target`, whose value now is the default. Ranges are inclusive.
  void text(std::string name, std::string* target, std::string help);
  // host:port, or a socket file if it may be one; see server/rpc/listener.h.
  void address(std::string name, std::string* target, std::string help, bool may_be_unix = false);
  void choice(std::string name, std::string* target, std::vector<std::string> choices,
              std::string help);
  void secret(std::string name, std::string* target, std::string help);
  void flag(std::string name, bool* target, std::string help);
  void duration(std::string name, Duration* target, Duration min, Duration max, std::string help);
  // Something to do instead, such as --help: a flag only, for WEIR_VERSION in an environment is
  // likely to be somebody's version.
  void command(std::string name, bool* target, std::string help);

  template <class Integer>
  void number(std::string name, Integer* target, std::int64_t min, std::int64_t max,
              std::string unit, std::string help) {
    add_number(std::move(name), static_cast<std::int64_t>(*target), min, max, std::move(unit),
               std::move(help),
               [target](std::int64_t value) { *target = static_cast<Integer>(value); });
    rows_.back().value = [target] { return std::to_string(*target); };
  }

  // Starts a group of rows in the help.
  void section(std::string title);

  // Reads the environment, then the flags. INVALID_ARGUMENT names the first that is wrong.
  absl::Status parse(absl::Span<char* const> arguments);

  // INVALID_ARGUMENT for a WEIR_ variable that is no setting, and nobody else's either: one that is
  // mistyped would start the server without what it was to say. Empty ones say nothing.
  absl::Status check_variables() const;

  // The table, for --help.
  std::string help() const;

  // What is not the default, by name, for the log: of a secret only that it is set.
  std::vector<std::pair<std::string, std::string>> changed() const;

 private:
  struct Row {
    std::string name;  // as in "max-calls"; empty: a section
    std::string help;  // or the section's title
    std::string unit_and_range = {};
    std::string default_value = {};
    bool is_secret = false;
    bool is_switch = false;
    bool is_command = false;
    std::function<std::string()> value = {};  // as `set` takes it; of a secret "set" or ""
    // Returns what is wrong, or "".
    std::function<std::string(const std::string&)> set = {};
  };

  void add(Row row) { rows_.push_back(std::move(row)); }
  void add_number(std::string name, std::int64_t default_value, std::int64_t min, std::int64_t max,
                  std::string unit, std::string help, std::function<void(std::int64_t)> set);
  absl::Status read_environment(const Row& row);
  const Row* find(const std::string& name) const;
  std::vector<std::string> flags() const;

  std::vector<Row> rows_;
};

}  // namespace weir::config
