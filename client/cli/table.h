// SPDX-License-Identifier: Apache-2.0
#pragma once

// Table: rows of text under headings, in columns that line up.

#include <string>
#include <vector>

namespace weir::cli {

class Table {
 public:
  enum class Align : unsigned char { kLeft, kRight };
  struct Column {
    std::string heading;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column; made printable here.
  void add(std::vector<std::string> cells);

  // Ends with a newline; no line has spaces at its end.
  std::string render() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir::cli
