// SPDX-License-Identifier: Apache-2.0
#pragma once

// Times as they cross the wire. Microseconds: what Postgres keeps.

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace weir::api {

inline void set_time(google::protobuf::Timestamp& out, absl::Time time) {
  constexpr std::int64_t kMicros = 1'000'000;
  const std::int64_t micros = absl::ToUnixMicros(time);
  // The nanoseconds of a Timestamp count forwards, also before 1970.
  const std::int64_t into_second = ((micros % kMicros) + kMicros) % kMicros;
  out.set_seconds((micros - into_second) / kMicros);
  out.set_nanos(static_cast<std::int32_t>(into_second * 1000));
}

}  // namespace weir::api
