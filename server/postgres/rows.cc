// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/rows.h"

#include <charconv>
#include <stdexcept>

#include "absl/strings/escaping.h"

namespace weir::postgres {

std::string_view Row::view(int column) const {
  const auto field = row_[column];
  if (field.is_null()) throw std::domain_error("NULL in a column that is read as a value");
  // Points into the result, which row_ shares.
  return std::string_view(field.c_str(), field.size());
}

std::int64_t Row::int64(int column) const {
  const std::string_view text = view(column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::domain_error("a column that is read as an integer is none");
  }
  return value;
}

std::string Row::bytes(int column) const {
  const std::string_view text = view(column);
  if (!text.starts_with("\\x")) {
    throw std::domain_error("a column that is read as bytes is no bytea");
  }
  return absl::HexStringToBytes(absl::string_view(text.data() + 2, text.size() - 2));
}

}  // namespace weir::postgres
