// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a pool counts while it works; Stats is the snapshot.

#include <atomic>
#include <cstdint>

namespace weir::postgres::detail {

struct Counters {
  using Counter = std::atomic<std::uint64_t>;
  Counter jobs = 0;
  Counter statements = 0;
  Counter retries = 0;
  Counter cancels = 0;
  Counter cuts = 0;
  Counter connects = 0;
  Counter connect_failures = 0;
  Counter rejected = 0;
  Counter timed_out = 0;
};

inline void count(Counters::Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace weir::postgres::detail
