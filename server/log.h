// SPDX-License-Identifier: Apache-2.0
#pragma once

// Logs: JSON, one line an event, to standard error. Tokio: tracing with a non-blocking writer.
//
//     log::info("serving", {{"address", address}, {"took_ms", 1.5}});
//
// A line is put into a bounded queue, and a thread of the log's own writes it: whoever logs never
// waits, however slowly standard error is read. What finds no room is counted, and the log says how
// many lines it was.
//
// A line is valid JSON whatever is in the text of a value, and no value is longer than kMaxValue.
// What has a unit is a number with the unit in its name: took_ms.
//
// Trap: e-mail addresses, passwords, tokens and URLs with credentials never go in.
// Trap: a Value refers to its text, so it is for the argument of a call and not to be kept.
// Thread: any. A line is written whole.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "async/time.h"

namespace weir::log {

struct Field;

// Text, a number, a truth value, or an object of such.
class Value {
 public:
  using Of = std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double,
                          const std::vector<Field>*>;

  Value(const char* text) : of_(std::string_view(text)) {}  // NOLINT: implicit
  template <class Text>
    requires requires(const Text& text) {
      { text.data() } -> std::convertible_to<const char*>;
      { text.size() } -> std::convertible_to<std::size_t>;
    }
  Value(const Text& text) : of_(std::string_view(text.data(), text.size())) {}  // NOLINT: implicit
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Value(Number number) : of_(widened(number)) {}             // NOLINT: implicit
  Value(const std::vector<Field>& fields) : of_(&fields) {}  // NOLINT: implicit

  const Of& of() const { return of_; }

 private:
  template <class Number>
  static auto widened(Number number) {
    if constexpr (std::same_as<Number, bool>) {
      return number;
    } else if constexpr (std::floating_point<Number>) {
      return static_cast<double>(number);
    } else if constexpr (std::is_signed_v<Number>) {
      return static_cast<std::int64_t>(number);
    } else {
      return static_cast<std::uint64_t>(number);
    }
  }

  Of of_;
};

struct Field {
  std::string_view name;
  Value value;
};

using Fields = std::initializer_list<Field>;

inline double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

enum class Level : unsigned char { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" or "error"; false for anything else. May be called at any time.
bool set_level(std::string_view name);
std::string_view level();

// `more` follows `fields`.
void write(Level level, std::string_view event, Fields fields, Fields more = {});

inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::kInfo, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) {
  write(Level::kWarning, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::kError, event, fields);
}

// A place in a source. `file` is a literal: it is compared by its address.
struct Place {
  const char* file;
  unsigned line;
  Place(const char* in, unsigned at) : file(in), line(at) {}
  Place(std::source_location where = std::source_location::current())  // NOLINT: implicit
      : Place(where.file_name(), where.line()) {}
};

// For what somebody outside can cause as often as they like: at most kPerSecond lines a second of
// one place. The next one after others were left out says how many, as left_out.
inline constexpr int kPerSecond = 10;
void write_limited(Level level, std::string_view event, Fields fields, Fields more = {},
                   Place place = {});

// Bytes of one value in a line; a longer one is cut and ends with "...".
inline constexpr std::size_t kMaxValue = 4096;

// Waits until what was logged is written, for `limit` at most: a reader that has stopped holds up
// no exit. exit() does this by itself; std::_Exit does not. Safe in a handler of a signal.
void flush(Duration limit = std::chrono::seconds(1));

struct Stats {
  std::uint64_t lines = 0;         // put into the queue
  std::uint64_t no_room = 0;       // dropped: standard error was read too slowly
  std::uint64_t write_failed = 0;  // dropped: its reader is gone, or the disk is full
  std::uint64_t left_out = 0;      // by write_limited
};
Stats stats();

}  // namespace weir::log
