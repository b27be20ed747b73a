// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/rows.h"

#include <charconv>
#include <stdexcept>

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
  if (!text.starts_with("\\x") || text.size() % 2 != 0) {
    throw std::domain_error("a column that is read as bytes is no bytea");
  }
  // Not Abseil's HexStringToBytes: what Debian 12 has of it is deprecated in Debian 13's.
  std::string bytes(text.size() / 2 - 1, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* digits = text.data() + 2 + 2 * i;
    unsigned char byte = 0;
    if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) {
      throw std::domain_error("a column that is read as bytes is no bytea");
    }
    bytes[i] = static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace weir::postgres
