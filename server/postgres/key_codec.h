// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyCodec: how a Loader's key goes into the arrays of the statement and comes back in the rows. A
// key of several parts is a std::tuple: an array, and a column, for each part. Specialize it for
// further types.

#include <cstdint>
#include <string>
#include <tuple>

#include "server/postgres/param.h"
#include "server/postgres/rows.h"

namespace weir::postgres {

template <class Key>
struct KeyCodec;

template <>
struct KeyCodec<std::int64_t> {
  static constexpr int kColumns = 1;
  static void append(std::string* array, std::int64_t key) { detail::append_number(*array, key); }
  static std::int64_t read(const Row& row, int column) { return row.int64(column); }
};

template <>
struct KeyCodec<std::string> {
  static constexpr int kColumns = 1;
  static void append(std::string* array, const std::string& key) {
    detail::append_element(*array, key);
  }
  static std::string read(const Row& row, int column) { return row.string(column); }
};

template <class... Parts>
struct KeyCodec<std::tuple<Parts...>> {
  static constexpr int kColumns = (KeyCodec<Parts>::kColumns + ...);
  static void append(std::string* arrays, const std::tuple<Parts...>& key) {
    const auto append_part = [&arrays]<class Part>(const Part& part) {
      KeyCodec<Part>::append(arrays, part);
      arrays += KeyCodec<Part>::kColumns;
    };
    std::apply([&](const Parts&... parts) { (append_part(parts), ...); }, key);
  }
  static std::tuple<Parts...> read(const Row& row, int column) {
    const auto read_part = [&]<class Part>(const Part*) {
      const int at = column;
      column += KeyCodec<Part>::kColumns;
      return KeyCodec<Part>::read(row, at);
    };
    // Braces: from left to right.
    return std::tuple<Parts...>{read_part(static_cast<const Parts*>(nullptr))...};
  }
};

}  // namespace weir::postgres
