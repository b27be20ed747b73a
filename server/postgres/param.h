// SPDX-License-Identifier: Apache-2.0
#pragma once

// Param: one argument of a statement, in Postgres's text form. Made implicitly from integers, bool,
// double, strings, Bytes, nullptr, std::optional of these, and spans and vectors of integers,
// strings or Bytes, which become arrays (`WHERE id = ANY($1)`).
//
// Trap: text cannot hold a NUL byte in Postgres; such a string throws std::invalid_argument, which
// becomes INVALID_ARGUMENT. Use Bytes for what is not text.

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/types/span.h"

namespace weir::postgres {

// For a bytea. Refers to what it is made from.
struct Bytes {
  explicit Bytes(std::string_view data) : value(data) {}
  std::string_view value;
};

namespace detail {

void append_number(std::string& text, std::integral auto value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text.append(digits, end);
}

// An element of an array literal.
void append_element(std::string& array, std::string_view value);
void append_element(std::string& array, Bytes value);
void append_element(std::string& array, std::integral auto value) { append_number(array, value); }

}  // namespace detail

class Param {
 public:
  Param(std::nullptr_t) {}                         // NOLINT(google-explicit-constructor)
  Param(bool value) : text_(value ? "t" : "f") {}  // NOLINT(google-explicit-constructor)
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Param(T value) : text_(std::in_place) {  // NOLINT(google-explicit-constructor)
    detail::append_number(*text_, value);
  }
  Param(double value);            // NOLINT(google-explicit-constructor)
  Param(std::string_view value);  // NOLINT(google-explicit-constructor)
  Param(const std::string& value) : Param(std::string_view(value)) {}  // NOLINT
  Param(const char* value) : Param(std::string_view(value)) {}         // NOLINT
  Param(Bytes value);  // NOLINT(google-explicit-constructor)
  template <class T>
  Param(const std::optional<T>& value)  // NOLINT(google-explicit-constructor)
      : Param(value.has_value() ? Param(*value) : Param(nullptr)) {}
  template <class T>
  Param(absl::Span<const T> values) : text_(std::in_place) {  // NOLINT
    text_->push_back('{');
    for (const T& value : values) {
      if (text_->size() > 1) text_->push_back(',');
      detail::append_element(*text_, value);
    }
    text_->push_back('}');
  }
  template <class T>
  Param(const std::vector<T>& values) : Param(absl::Span<const T>(values)) {}  // NOLINT

  // Text that is in Postgres's form already, as an array built by hand.
  static Param raw(std::string text);

  // Null for SQL's NULL. Valid as long as this.
  const char* c_str() const { return text_.has_value() ? text_->c_str() : nullptr; }

 private:
  std::optional<std::string> text_;
};

}  // namespace weir::postgres
