// SPDX-License-Identifier: Apache-2.0
#pragma once

// As much of HTTP/2's frames as a sender must know.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::abuse {

inline constexpr std::size_t kFrameHeader = 9;
inline constexpr std::size_t kStreamAt = 5;
inline constexpr std::uint32_t kData = 0;
inline constexpr std::uint32_t kWindowUpdate = 8;

inline std::uint32_t number_at(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + bytes; ++i) {
    number = number << 8 | static_cast<std::uint8_t>(text[i]);
  }
  return number;
}

inline void put_number(std::string& text, std::size_t at, std::uint32_t number) {
  for (std::size_t i = 4; i-- > 0; number >>= 8) text[at + i] = static_cast<char>(number & 0xff);
}

struct Frame {
  std::uint32_t length;
  std::uint32_t type;
  std::uint32_t stream;
};

inline Frame frame_at(std::string_view text, std::size_t at) {
  return {number_at(text, at, 3), static_cast<std::uint8_t>(text[at + 3]),
          number_at(text, at + kStreamAt, 4)};
}

}  // namespace weir::abuse
