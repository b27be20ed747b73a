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
#include <type_traits>
#include <utility>

namespace weir::log {

// Text, or a number or truth value, which stays one in JSON.
class Value {
 public:
  Value(std::string text) : text_(std::move(text)), is_text_(true) {}  // NOLINT: implicit
  Value(const char* text) : Value(std::string(text)) {}                // NOLINT: implicit
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Value(Number number) : text_(print(number)) {}  // NOLINT: implicit

  const std::string& text() const { return text_; }
  bool is_text() const { return is_text_; }

 private:
  static std::string print(bool value) { return value ? "true" : "false"; }
  static std::string print(double value);
  template <class Integer>
  static std::string print(Integer value) {
    return std::to_string(value);
  }

  std::string text_;
  bool is_text_ = false;
};

struct Field {
  std::string_view name;
  Value value;
};

enum class Level { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" or "error"; false for anything else. May be called at any time.
bool set_level(std::string_view name);
std::string_view level();

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
