// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/param.h"

#include <stdexcept>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace weir::postgres {
namespace {

std::string_view without_nul(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("text contains a NUL byte");
  }
  return text;
}

}  // namespace

namespace detail {

void append_element(std::string& array, std::string_view value) {
  array.push_back('"');
  for (const char c : without_nul(value)) {
    if (c == '"' || c == '\\') array.push_back('\\');
    array.push_back(c);
  }
  array.push_back('"');
}

void append_element(std::string& array, Bytes value) {
  const absl::string_view bytes(value.value.data(), value.value.size());
  absl::StrAppend(&array, "\"\\\\x", absl::BytesToHexString(bytes), "\"");
}

}  // namespace detail

// 17 digits bring every double back as it was.
Param::Param(double value) : text_(absl::StrFormat("%.17g", value)) {}
Param::Param(std::string_view value) : text_(without_nul(value)) {}
Param::Param(Bytes value)
    : text_(absl::StrCat("\\x", absl::BytesToHexString(
                                    absl::string_view(value.value.data(), value.value.size())))) {}

Param Param::raw(std::string text) {
  Param param(nullptr);
  param.text_ = std::move(text);
  return param;
}

}  // namespace weir::postgres
