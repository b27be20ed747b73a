// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/access_log.h"

#include <chrono>

namespace weir::rpc {

bool is_server_failure(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

bool AccessLog::takes_failure(TimePoint now) {
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    in_second_ = 0;
  }
  if (in_second_ >= options_.failures_per_second) {
    ++left_out_;
    return false;
  }
  ++in_second_;
  return true;
}

}  // namespace weir::rpc
