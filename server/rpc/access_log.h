// SPDX-License-Identifier: Apache-2.0
#pragma once

// AccessLog: which calls get a line in the log: a share of all, and of those that the server itself
// failed all, up to a rate, so that an outage does not become a flood. One for each loop; its
// thread's own.

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "async/event_loop.h"
#include "async/time.h"

namespace weir::rpc {

struct AccessLogOptions {
  int percent = 0;               // of all calls
  int failures_per_second = 10;  // of each loop; 0: none
};

// Codes that say that the server failed, and not that the request was wrong: those that
// OpenTelemetry's conventions count as errors of a server's span.
bool is_server_failure(absl::StatusCode code);

class AccessLog {
 public:
  explicit AccessLog(const AccessLogOptions& options) : options_(options) {}

  bool wants(absl::StatusCode code, TimePoint now, EventLoop& loop) {
    if (code == absl::StatusCode::kOk || !is_server_failure(code)) [[likely]]
      return draw(loop);
    return takes_failure(now) || draw(loop);
  }

  // Failures that got no line since the last time.
  std::uint64_t take_left_out() { return std::exchange(left_out_, 0); }

 private:
  bool draw(EventLoop& loop) const {
    return options_.percent > 0 && loop.random() % 100 < static_cast<unsigned>(options_.percent);
  }
  bool takes_failure(TimePoint now);

  const AccessLogOptions options_;
  TimePoint second_began_{};
  int in_second_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace weir::rpc
