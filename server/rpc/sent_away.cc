// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/sent_away.h"

#include <chrono>

#include "server/log.h"

namespace weir::rpc {

void SentAway::count(Abuse why, const std::string& client) {
  counts_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  const TimePoint now = std::chrono::steady_clock::now();
  Duration::rep next = next_line_.load(std::memory_order_relaxed);
  const Duration::rep then = (now + std::chrono::seconds(1)).time_since_epoch().count();
  if (now.time_since_epoch().count() < next ||
      !next_line_.compare_exchange_strong(next, then, std::memory_order_relaxed)) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  log::warning("connection closed",
               {{"reason", name_of(why)}, {"client", client}, {"left_out", left_out_.exchange(0)}});
}

}  // namespace weir::rpc
