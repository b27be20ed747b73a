// SPDX-License-Identifier: Apache-2.0
#include "client/cli/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace weir::cli {
namespace {

constexpr const char kGap[] = "  ";

}  // namespace

void Table::add(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::render() const {
  std::vector<std::string> headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  std::vector<const std::vector<std::string>*> lines = {&headings};
  for (const auto& row : rows_) lines.push_back(&row);

  std::vector<std::size_t> widths(columns_.size());
  for (const auto* line : lines) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], display_width((*line)[i]));
    }
  }

  std::string result;
  for (const auto* line : lines) {
    std::string text;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string padding(widths[i] - display_width((*line)[i]), ' ');
      const bool right = columns_[i].align == Align::kRight;
      absl::StrAppend(&text, i > 0 ? kGap : "", right ? padding : "", (*line)[i],
                      right ? "" : padding);
    }
    absl::StripTrailingAsciiWhitespace(&text);
    absl::StrAppend(&result, text, "\n");
  }
  return result;
}

}  // namespace weir::cli
