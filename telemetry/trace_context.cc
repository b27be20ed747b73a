// SPDX-License-Identifier: Apache-2.0
#include "telemetry/trace_context.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace weir::telemetry {
namespace {

// -1 for what is not a lower-case hexadecimal digit: upper case is not allowed.
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// False if it is not all digits, or all zero where that is forbidden.
template <std::size_t N>
bool parse(absl::string_view text, std::array<unsigned char, N>& bytes, bool may_be_zero = false) {
  for (std::size_t i = 0; i < N; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return may_be_zero || std::any_of(bytes.begin(), bytes.end(), [](auto b) { return b != 0; });
}

}  // namespace

std::optional<TraceContext> parse_traceparent(absl::string_view header) {
  // 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
  constexpr std::size_t kLength = 55;
  if (header.size() < kLength || header[2] != '-' || header[35] != '-' || header[52] != '-') {
    return std::nullopt;
  }
  std::array<unsigned char, 1> version{};
  std::array<unsigned char, 1> flags{};
  TraceContext context;
  if (!parse(header.substr(0, 2), version, true) ||
      !parse(header.substr(3, 32), context.trace_id) ||
      !parse(header.substr(36, 16), context.span_id) || !parse(header.substr(53, 2), flags, true)) {
    return std::nullopt;
  }
  if (version[0] == 0xff) return std::nullopt;
  if (header.size() > kLength && (version[0] == 0 || header[kLength] != '-')) return std::nullopt;
  context.is_sampled = (flags[0] & 1) != 0;
  return context;
}

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string to_traceparent(const TraceContext& context) {
  return absl::StrCat("00-", to_hex(context.trace_id.data(), context.trace_id.size()), "-",
                      to_hex(context.span_id.data(), context.span_id.size()),
                      context.is_sampled ? "-01" : "-00");
}

}  // namespace weir::telemetry
