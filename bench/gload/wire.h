// SPDX-License-Identifier: Apache-2.0
#pragma once

// As much of protobuf's encoding as the requests and the checks of the answers need. Not protobuf
// itself: the generator must cost less than what it measures.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::gload::wire {

inline constexpr char kVarint = 0;
inline constexpr char kBytes = 2;

constexpr char tag(int field, char type) { return static_cast<char>(field << 3 | type); }

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_number(std::string& out, int field, std::uint64_t value) {
  out.push_back(tag(field, kVarint));
  put_varint(out, value);
}

inline void put_bytes(std::string& out, int field, std::string_view value) {
  out.push_back(tag(field, kBytes));
  put_varint(out, value.size());
  out += value;
}

// Reads fields off the front of `in`; false, with `in` in any state, if that is not there.
inline bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// The tag of that field, and what follows it: the value or the length.
inline bool take_field(std::string_view& in, char tag, std::uint64_t& value) {
  if (in.empty() || in.front() != tag) return false;
  in.remove_prefix(1);
  return take_varint(in, value);
}

}  // namespace weir::gload::wire
