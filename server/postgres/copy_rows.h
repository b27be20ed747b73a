// SPDX-License-Identifier: Apache-2.0
#pragma once

// CopyRows: rows for COPY FROM STDIN in Postgres's binary format: the quickest way in, and nothing
// to escape. sqlx: PgCopyIn.
//
//     CopyRows rows(2);
//     rows.begin_row().int64(7).bytes(data);
//     transaction.copy("COPY batch_results (position, result) FROM STDIN (FORMAT binary)", rows);
//
// Trap: the fields must have exactly the types of the columns, in their order: nothing is
// converted.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::postgres {

class CopyRows {
 public:
  explicit CopyRows(std::int16_t columns) : columns_(columns) { clear(); }

  CopyRows& begin_row() {
    append_integer(columns_);
    ++rows_;
    return *this;
  }
  // bigint
  CopyRows& int64(std::int64_t value) {
    append_integer(std::int32_t{sizeof value});
    append_integer(value);
    return *this;
  }
  // bytea, or text that is valid UTF-8 without NUL
  CopyRows& bytes(std::string_view value) {
    append_integer(static_cast<std::int32_t>(value.size()));
    data_.append(value);
    return *this;
  }
  CopyRows& null() {
    append_integer(std::int32_t{-1});
    return *this;
  }

  std::size_t rows() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  // Without the trailer, which the connection sends.
  const std::string& data() const { return data_; }
  // Keeps its memory.
  void clear() {
    // Signature, flags, length of the header's extension.
    constexpr char kHeader[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    data_.assign(kHeader, sizeof kHeader);
    rows_ = 0;
  }

 private:
  template <class Integer>
  void append_integer(Integer value) {
    char bytes[sizeof value];
    auto rest = static_cast<std::uint64_t>(value);
    for (std::size_t i = sizeof value; i-- > 0; rest >>= 8) {
      bytes[i] = static_cast<char>(rest & 0xFF);
    }
    data_.append(bytes, sizeof value);
  }

  std::int16_t columns_;
  std::size_t rows_ = 0;
  std::string data_;
};

}  // namespace weir::postgres
