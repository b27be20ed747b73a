// SPDX-License-Identifier: Apache-2.0
#pragma once

// Protobuf's wire format, as far as spans need it, appended to a string.
//
// Spans are written as OTLP says (opentelemetry/proto/trace/v1/trace.proto) in the moment they are
// told things: no message object, no second pass, one allocation a span. The generated classes and
// the OpenTelemetry SDK cost more than the calls they describe, and the SDK's exporters, as Debian
// ships them, link the shared protobuf, gRPC and Abseil: beside our static ones that would be two
// copies of each in one process (cmake/dependencies.cmake).

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::telemetry::wire {

inline void varint(std::string& out, std::uint64_t value) {
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
inline void fixed64(std::string& out, unsigned field, std::uint64_t value) {
  tag(out, field, 1);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
}
inline void fixed32(std::string& out, unsigned field, std::uint32_t value) {
  tag(out, field, 5);
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
}
inline void bytes(std::string& out, unsigned field, absl::string_view value) {
  tag(out, field, 2);
  varint(out, value.size());
  out.append(value.data(), value.size());
}
template <class Array>
absl::string_view view(const Array& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A KeyValue as `field` of what is being written: key = 1, value = 2, an AnyValue: string 1, int 3.
inline void attribute(std::string& out, unsigned field, absl::string_view key,
                      absl::string_view value) {
  std::string any;
  bytes(any, 1, value);
  std::string pair;
  bytes(pair, 1, key);
  bytes(pair, 2, any);
  bytes(out, field, pair);
}
inline void attribute(std::string& out, unsigned field, absl::string_view key, std::int64_t value) {
  std::string any;
  number(any, 3, static_cast<std::uint64_t>(value));
  std::string pair;
  bytes(pair, 1, key);
  bytes(pair, 2, any);
  bytes(out, field, pair);
}

}  // namespace weir::telemetry::wire
