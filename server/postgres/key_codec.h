// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyCodec: how a Loader's key goes into the array of the statement and comes back in the rows.
// Specialize it for further types of keys.

#include <cstdint>
#include <string>

#include "server/postgres/param.h"
#include "server/postgres/rows.h"

namespace weir::postgres {

template <class Key>
struct KeyCodec;

template <>
struct KeyCodec<std::int64_t> {
  static void append(std::string& array, std::int64_t key) { detail::append_number(array, key); }
  static std::int64_t read(const Row& row) { return row.int64(0); }
};

template <>
struct KeyCodec<std::string> {
  static void append(std::string& array, const std::string& key) {
    detail::append_element(array, key);
  }
  static std::string read(const Row& row) { return row.string(0); }
};

}  // namespace weir::postgres
