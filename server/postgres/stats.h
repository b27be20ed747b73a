// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stats: a pool at one moment, and what it has done since it began.

#include <cstddef>
#include <cstdint>

namespace weir::postgres {

struct Stats {
  std::size_t max_connections = 0;
  // Gauges.
  std::size_t workers = 0;    // threads, connected or trying to be
  std::size_t connected = 0;  // of them
  std::size_t busy = 0;       // of these, running a job
  std::size_t queued = 0;     // jobs that wait for a connection
  // Counters.
  std::uint64_t jobs = 0;        // begun
  std::uint64_t statements = 0;  // sent, BEGIN, COMMIT and ROLLBACK not counted
  std::uint64_t retries = 0;     // of transactions, after a serialization failure or deadlock
  std::uint64_t cancels = 0;     // asked of Postgres
  std::uint64_t cuts = 0;        // connections cut because Postgres did not answer
  std::uint64_t connects = 0;    // that succeeded
  std::uint64_t connect_failures = 0;
  std::uint64_t rejected = 0;   // queue full
  std::uint64_t timed_out = 0;  // not begun within acquire_timeout
};

}  // namespace weir::postgres
