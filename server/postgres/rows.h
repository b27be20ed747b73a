// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows and Row: what a statement returned, read by column number in the order of the SELECT list.
//
//     for (Row row : transaction.run(kListUsers, limit)) {
//       users.push_back(User(row.int64(0), row.string(1)));
//     }
//
// Read a time as `(extract(epoch from create_time) * 1000000)::bigint` and row.time(i): parsing a
// timestamptz as text costs more than the rest of the row.
//
// A value that cannot be read as asked (NULL, not a number) throws std::domain_error, which becomes
// INTERNAL: it is a mistake in the program. Trap: a string_view lives as long as the Rows it came
// from.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <pqxx/result>
#include <pqxx/row>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"

namespace weir::postgres {

class Row {
 public:
  explicit Row(pqxx::row row) : row_(std::move(row)) {}

  bool is_null(int column) const { return row_[column].is_null(); }
  std::int64_t int64(int column) const;
  bool boolean(int column) const { return view(column) == "t"; }
  std::string_view view(int column) const;
  std::string string(int column) const { return std::string(view(column)); }
  std::optional<std::string> optional_string(int column) const {
    if (is_null(column)) return std::nullopt;
    return string(column);
  }
  // Of a bytea.
  std::string bytes(int column) const;
  // Of microseconds since the epoch, as a bigint.
  absl::Time time(int column) const { return absl::FromUnixMicros(int64(column)); }

 private:
  pqxx::row row_;
};

class Rows {
 public:
  Rows() = default;
  explicit Rows(pqxx::result result) : result_(std::move(result)) {}

  std::size_t size() const { return static_cast<std::size_t>(result_.size()); }
  bool empty() const { return size() == 0; }
  Row operator[](std::size_t i) const {
    return Row(result_[static_cast<pqxx::result::size_type>(i)]);
  }
  // Of an INSERT, UPDATE or DELETE.
  std::size_t affected() const { return static_cast<std::size_t>(result_.affected_rows()); }

  class Iterator {
   public:
    Iterator(const Rows& rows, std::size_t at) : rows_(&rows), at_(at) {}
    Row operator*() const { return (*rows_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Rows* rows_;
    std::size_t at_;
  };
  Iterator begin() const { return Iterator(*this, 0); }
  Iterator end() const { return Iterator(*this, size()); }

 private:
  pqxx::result result_;
};

}  // namespace weir::postgres
