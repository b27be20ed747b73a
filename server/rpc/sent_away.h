// SPDX-License-Identifier: Apache-2.0
#pragma once

// SentAway: counts the connections that were closed against their clients' will, by reason, and
// logs the first of each second. Thread: any.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "async/time.h"
#include "server/rpc/abuse.h"

namespace weir::rpc {

class SentAway {
 public:
  void count(Abuse why, const std::string& client);
  std::uint64_t count_of(Abuse why) const {
    return counts_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kAbuses> counts_{};
  std::atomic<Duration::rep> next_line_ = 0;
  std::atomic<std::uint64_t> left_out_ = 0;
};

}  // namespace weir::rpc
