// SPDX-License-Identifier: Apache-2.0
#pragma once

// Logs: JSON, one line an event, to standard error.
//
//     log::info("serving", {{"address", address}});
//
// Trap: e-mail addresses, passwords, tokens and URLs with credentials never go in.
// Thread: any. A line is written whole.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace weir::log {

using Field = std::pair<std::string_view, std::string>;

enum class Level { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" or "error"; false for anything else. May be called at any time.
bool set_level(std::string_view name);

void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kWarning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kError, event, fields);
}

}  // namespace weir::log
