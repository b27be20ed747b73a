// SPDX-License-Identifier: Apache-2.0
#include "server/log/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>

#include "absl/strings/string_view.h"
#include "server/status/utf8.h"

namespace weir::log::detail {
namespace {

constexpr std::string_view kCut = "...";
// The longest that one character becomes: \u0007.
constexpr std::size_t kLongestEscape = 6;

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

void append_escape(std::string& out, unsigned character) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[character >> 4];
  out += kDigits[character & 15];
}

// Takes the first character off `text`, which is not plain.
void append_special(std::string& out, std::string_view& text) {
  const char first = text.front();
  absl::string_view rest(text.data(), text.size());
  const std::optional<char32_t> point = next_code_point(rest);
  const std::size_t length = point ? text.size() - rest.size() : 1;
  if (first == '"' || first == '\\') {
    out += '\\';
    out += first;
  } else if (first == '\n') {
    out += "\\n";
  } else if (!point) {
    out += "\\ufffd";
  } else if (*point < 0xa0) {
    append_escape(out, static_cast<unsigned>(*point));
  } else {
    out += text.substr(0, length);
  }
  text.remove_prefix(length);
}

template <class Number>
void append_number(std::string& out, Number number) {
  char text[32];
  const auto end = [&] {
    if constexpr (std::floating_point<Number>) {
      const auto fixed =
          std::to_chars(text, text + sizeof(text), number, std::chars_format::fixed, 3);
      if (fixed.ec == std::errc()) return fixed;
    }
    return std::to_chars(text, text + sizeof(text), number);
  }();
  out.append(text, end.ptr);
}

struct Append {
  std::string& out;
  void operator()(std::string_view text) const { append_quoted(out, text); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t number) const { append_number(out, number); }
  void operator()(std::uint64_t number) const { append_number(out, number); }
  void operator()(double number) const {
    if (std::isfinite(number)) return append_number(out, number);
    out += "null";
  }
  void operator()(const std::vector<Field>* fields) const {
    out += '{';
    const std::size_t begin = out.size();
    for (const Field& field : *fields) append(out, field);
    if (!fields->empty()) out.erase(begin, 1);  // the comma
    out += '}';
  }
};

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  const std::size_t limit = out.size() + kMaxValue - kLongestEscape - kCut.size();
  out += '"';
  while (!text.empty()) {
    if (out.size() >= limit) {
      out += kCut;
      break;
    }
    std::size_t plain = 0;
    const std::size_t most = std::min(text.size(), limit - out.size());
    while (plain < most && is_plain(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (plain == 0) append_special(out, text);
  }
  out += '"';
}

void append(std::string& out, const Value& value) { std::visit(Append{out}, value.of()); }

void append(std::string& out, const Field& field) {
  out += ',';
  append_quoted(out, field.name);
  out += ':';
  append(out, field.value);
}

}  // namespace weir::log::detail
