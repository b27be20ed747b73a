// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/counters.h"

namespace weir::postgres {

const char* name_of(Failure failure) {
  constexpr const char* kNames[kFailures] = {
      "lock_timeout", "stopped", "deadlock", "serialization", "constraint", "connection", "other"};
  return kNames[static_cast<std::size_t>(failure)];
}

Failure failure_of(std::string_view sqlstate) {
  if (sqlstate == "55P03") return Failure::kLockTimeout;
  if (sqlstate == "57014") return Failure::kStopped;
  if (sqlstate == "40P01") return Failure::kDeadlock;
  if (sqlstate == "40001") return Failure::kSerialization;
  if (sqlstate.starts_with("23")) return Failure::kConstraint;
  if (sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("57P")) {
    return Failure::kConnection;
  }
  return Failure::kOther;
}

StatementCells& detail::StatementTimes::of(const char* name) {
  const std::lock_guard lock(mutex_);
  auto& cells = by_name_[name];
  if (cells == nullptr) cells = std::make_unique<StatementCells>();
  return *cells;
}

}  // namespace weir::postgres
