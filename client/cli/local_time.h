// SPDX-License-Identifier: Apache-2.0
#pragma once

// Times in the local time zone.

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace weir::cli {

namespace detail {
inline std::string format(const google::protobuf::Timestamp& time, const char* format) {
  const absl::Time at = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime(format, at, absl::LocalTimeZone());
}
}  // namespace detail

inline std::string local_time(const google::protobuf::Timestamp& time) {
  return detail::format(time, "%Y-%m-%d %H:%M:%S");
}
inline std::string local_time_and_zone(const google::protobuf::Timestamp& time) {
  return detail::format(time, "%Y-%m-%d %H:%M:%S %Z");
}

}  // namespace weir::cli
