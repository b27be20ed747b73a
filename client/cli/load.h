// SPDX-License-Identifier: Apache-2.0
#pragma once

// Load: calls GetUser over and over, and counts what comes back.
//
// Closed loop (rate 0): `concurrency` calls are always on their way; a slow server gets fewer. Open
// loop: calls begin at fixed times whatever the server does, at most `concurrency` at once; one
// that had to wait for its turn is measured from the time it was due, so that a stall of the server
// shows in the latencies of all the calls it held up.

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "async/task.h"
#include "client/cli/latency_histogram.h"
#include "client/users.h"

namespace weir::cli {

struct LoadOptions {
  double rate = 0;  // calls per second
  Duration duration = std::chrono::seconds(10);
  int concurrency = 64;
  std::int64_t first_id = 1;  // the users asked for, drawn at random
  std::int64_t last_id = 1;
};

struct LoadReport {
  struct Errors {
    std::uint64_t count = 0;
    std::string first;  // message
  };

  std::uint64_t ok = 0;
  std::map<absl::StatusCode, Errors> errors;
  LatencyHistogram latencies;  // of all calls
  Duration elapsed{};

  std::uint64_t failed() const;
  std::string text() const;
  std::string json() const;
};

class Load {
 public:
  // Each worker has one of the `users`, in turn; they may be on different connections.
  Load(LoadOptions options, std::vector<client::Users*> users);

  // Until the duration is over and the last call has come back; cancelled, until the calls under
  // way have ended, which then do not count.
  Task<LoadReport> run();

 private:
  Task<void> worker(client::Users& users);
  Task<bool> wait_for_turn(TimePoint& due);
  void count(const absl::Status& status, Duration latency);

  const LoadOptions options_;
  const std::vector<client::Users*> users_;
  std::minstd_rand random_{std::random_device()()};
  TimePoint start_{};
  std::int64_t turns_ = 0;  // given out
  LoadReport report_;
};

}  // namespace weir::cli
