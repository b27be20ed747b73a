// SPDX-License-Identifier: Apache-2.0
#pragma once

// Protobuf's wire format, as far as spans need it, appended to a string.
//
// Spans are written as OTLP says (opentelemetry/proto/trace/v1/trace.proto) in the moment they are
// told things: no message object, no second pass, one allocation a span. The generated classes and
// the OpenTelemetry SDK cost more than the calls they describe, and the SDK's exporters, as Debian
// ships them, link the shared protobuf, gRPC and Abseil: beside our static ones that would be two
// copies of each in one process (cmake/dependencies.cmake).

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::telemetry::wire {

inline std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
inline void varint(std::string& out, std::uint64_t value) {
  if (value < 0x80) {  // nearly all: tags, lengths
    out.push_back(static_cast<char>(value));
    return;
  }
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
inline void tag(std::string& out, unsigned field, unsigned type) {
  varint(out, std::uint64_t{field} << 3 | type);
}
inline void number(std::string& out, unsigned field, std::uint64_t value) {
  tag(out, field, 0);
  varint(out, value);
}
// Little-endian, as the machines are that this runs on.
static_assert(std::endian::native == std::endian::little);
inline void fixed64(std::string& out, unsigned field, std::uint64_t value) {
  tag(out, field, 1);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}
inline void fixed32(std::string& out, unsigned field, std::uint32_t value) {
  tag(out, field, 5);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}
// Of what is appended after it.
inline void length(std::string& out, unsigned field, std::size_t size) {
  tag(out, field, 2);
  varint(out, size);
}
inline void bytes(std::string& out, unsigned field, absl::string_view value) {
  length(out, field, value.size());
  out.append(value.data(), value.size());
}
template <class Array>
absl::string_view view(const Array& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A KeyValue as `field` of what is being written: key = 1, value = 2, an AnyValue: string 1, int 3.
// What is inside is measured first, so that nothing is made to be copied.
inline void key_value(std::string& out, unsigned field, absl::string_view key, std::size_t any) {
  const std::size_t pair = 1 + varint_size(key.size()) + key.size() + 1 + varint_size(any) + any;
  length(out, field, pair);
  bytes(out, 1, key);
  length(out, 2, any);
}
inline void attribute(std::string& out, unsigned field, absl::string_view key,
                      absl::string_view value) {
  key_value(out, field, key, 1 + varint_size(value.size()) + value.size());
  bytes(out, 1, value);
}
inline void attribute(std::string& out, unsigned field, absl::string_view key, std::int64_t value) {
  const auto number_of = static_cast<std::uint64_t>(value);
  key_value(out, field, key, 1 + varint_size(number_of));
  number(out, 3, number_of);
}

}  // namespace weir::telemetry::wire
