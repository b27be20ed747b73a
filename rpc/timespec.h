// SPDX-License-Identifier: Apache-2.0
#pragma once

// A point in time as gRPC wants it. Both sides count from the monotonic clock's own epoch, so a
// change of the wall clock moves no deadline.

#include <grpc/support/time.h>

#include <chrono>
#include <cstdint>

#include "async/time.h"

namespace weir::rpc {

inline gpr_timespec to_timespec(TimePoint time) {
  if (time == kForever) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  return {seconds.count(), static_cast<std::int32_t>((since - seconds).count()),
          GPR_CLOCK_MONOTONIC};
}

}  // namespace weir::rpc
