// SPDX-License-Identifier: Apache-2.0
#pragma once

// CallCells: what one loop counts of the calls it serves. Written by the loop's thread, read by a
// scrape; see telemetry/cells.h.

#include <array>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "telemetry/cells.h"

namespace weir::rpc {

// Why a call never reached its handler.
enum class Refusal : unsigned char {
  kOverloaded,    // too many calls in progress, all methods together
  kDraining,      // the server is going away
  kLate,          // its deadline had passed
  kMalformed,     // no message of that type
  kUnauthorized,  // its client may not
  kClientRate,    // its client calls too often
  kClientCalls,   // its client has too many in progress
  kClientBytes,   // its client does not take the answers it has
  kLineFull,      // of its method are as many in progress, and as many wait, as is good for them
  kLineSlow,      // it waited for them in vain
  kHopeless,      // it cannot be done by its deadline
  kShed,          // a batch, while others have to wait
  kTooLarge,      // a message that is too large, inflated if need be, or has too many fields
};
inline constexpr std::size_t kRefusals = 13;
// As in the metrics' label `reason`.
constexpr const char* name_of(Refusal refusal) {
  constexpr const char* kNames[kRefusals] = {
      "overloaded",    "draining",     "deadline_passed", "malformed", "not_authorized",
      "client_rate",   "client_calls", "client_bytes",    "line_full", "line_slow",
      "deadline_near", "batch_shed",   "too_large"};
  return kNames[static_cast<std::size_t>(refusal)];
}

struct MethodCells {
  static constexpr std::size_t kCodes = 17;

  telemetry::Cell started;
  std::array<telemetry::Cell, kCodes> ended;  // by status code
  telemetry::Histogram duration{telemetry::kLatencyBounds};
  // When the call arrived; not of those without a deadline.
  telemetry::Histogram deadline_left{telemetry::kLatencyBounds};

  void count_end(absl::StatusCode code) {
    const auto at = static_cast<std::size_t>(code);
    ended[at < kCodes ? at : static_cast<std::size_t>(absl::StatusCode::kUnknown)].add();
  }
};

class CallCells {
 public:
  explicit CallCells(std::size_t methods) : methods_(std::make_unique<MethodCells[]>(methods)) {}

  MethodCells& method(std::size_t number) { return methods_[number]; }
  const MethodCells& method(std::size_t number) const { return methods_[number]; }
  telemetry::Histogram& line_time() { return line_time_; }
  const telemetry::Histogram& line_time() const { return line_time_; }
  telemetry::Cell& refused(Refusal why) { return refused_[static_cast<std::size_t>(why)]; }
  const telemetry::Cell& refused(Refusal why) const {
    return refused_[static_cast<std::size_t>(why)];
  }

 private:
  const std::unique_ptr<MethodCells[]> methods_;
  std::array<telemetry::Cell, kRefusals> refused_;
  telemetry::Histogram line_time_{telemetry::kLatencyBounds};  // of calls that had to wait
};

}  // namespace weir::rpc
