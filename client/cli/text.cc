// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "absl/strings/str_format.h"
#include "server/status/utf8.h"

namespace weir::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool is_in(char32_t point, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [point](const Range& range) {
    return range.first <= point && point <= range.last;
  });
}

// C0, DEL, C1; line and paragraph separators; bidirectional marks, embeddings, overrides, isolates.
constexpr Range kHarmful[] = {{0x0, 0x1F},      {0x7F, 0x9F},     {0x61C, 0x61C},
                              {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}};

// Combining marks, zero-width spaces and joiners, variation selectors.
constexpr Range kZeroWidth[] = {
    {0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

// East Asian wide and full-width (UAX 11), and emoji.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                           {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                           {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                           {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

}  // namespace

std::string printable(absl::string_view text) {
  std::string result;
  while (!text.empty()) {
    const char* const begin = text.data();
    const std::optional<char32_t> point = next_code_point(text);
    if (!point) {
      text.remove_prefix(1);
      result += "\uFFFD";
    } else if (is_in(*point, kHarmful)) {
      absl::StrAppendFormat(&result, "\\u%04x", static_cast<std::uint32_t>(*point));
    } else {
      result.append(begin, text.data());
    }
  }
  return result;
}

std::size_t display_width(absl::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::optional<char32_t> point = next_code_point(text);
    if (!point) {
      text.remove_prefix(1);
      ++width;
    } else if (!is_in(*point, kZeroWidth)) {
      width += is_in(*point, kWide) ? 2 : 1;
    }
  }
  return width;
}

}  // namespace weir::cli
