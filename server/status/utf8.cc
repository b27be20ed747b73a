// SPDX-License-Identifier: Apache-2.0
#include "server/status/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir {
namespace {

struct Lead {
  std::size_t length;  // of the sequence; 0: cannot begin one
  char32_t bits;
  char32_t smallest;  // that needs a sequence of this length
};

Lead read_lead(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >> 5 == 0b110) return {2, byte & 0x1Fu, 0x80};
  if (byte >> 4 == 0b1110) return {3, byte & 0x0Fu, 0x800};
  if (byte >> 3 == 0b11110) return {4, byte & 0x07u, 0x10000};
  return {0, 0, 0};
}

constexpr std::size_t kWord = sizeof(std::uint64_t);

// So many bytes at once.
bool is_ascii(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, kWord);
  return (word & 0x8080'8080'8080'8080) == 0;
}

bool is_in(unsigned char byte, unsigned first, unsigned last) {
  return first <= byte && byte <= last;
}
bool continues(unsigned char byte) { return byte >> 6 == 0b10; }

// Of the code point that `text` begins with; 0: none. The same as next_code_point, without what it
// is, which is several times quicker, for whole messages are looked at.
std::size_t length_of_first(absl::string_view text) {
  const auto at = [text](std::size_t i) -> unsigned char {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (is_in(lead, 0xC2, 0xDF)) return continues(at(1)) ? 2 : 0;
  if (is_in(lead, 0xE0, 0xEF)) {
    const bool fits = is_in(at(1), lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return fits && continues(at(2)) ? 3 : 0;
  }
  if (is_in(lead, 0xF0, 0xF4)) {
    const bool fits = is_in(at(1), lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return fits && continues(at(2)) && continues(at(3)) ? 4 : 0;
  }
  return 0;
}

bool is_scalar(char32_t point) { return point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF); }

}  // namespace

std::optional<char32_t> next_code_point(absl::string_view& text) {
  const Lead lead = read_lead(static_cast<unsigned char>(text.front()));
  if (lead.length == 0 || lead.length > text.size()) return std::nullopt;
  char32_t point = lead.bits;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >> 6 != 0b10) return std::nullopt;
    point = point << 6 | (byte & 0x3Fu);
  }
  if (point < lead.smallest || !is_scalar(point)) return std::nullopt;
  text.remove_prefix(lead.length);
  return point;
}

bool is_utf8(absl::string_view text) {
  while (!text.empty()) {
    if (text.size() >= kWord && is_ascii(text.data())) {
      text.remove_prefix(kWord);
      continue;
    }
    const std::size_t length = length_of_first(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace weir
