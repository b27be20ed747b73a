// SPDX-License-Identifier: Apache-2.0
#pragma once

// CacheCounters: what a cache counts while it works; a snapshot is CacheStats. Thread: any.

#include <atomic>
#include <cstdint>

#include "server/redis/cache_options.h"

namespace weir::redis {

class CacheCounters {
  using Counter = std::atomic<std::uint64_t>;

 public:
  void count(Counter CacheCounters::* which) {
    (this->*which).fetch_add(1, std::memory_order_relaxed);
  }

  CacheStats snapshot() const {
    CacheStats stats;
    stats.hits = hits;
    stats.negative_hits = negative_hits;
    stats.misses = misses;
    stats.errors = errors;
    stats.bypassed = bypassed;
    stats.loads = loads;
    stats.joined = joined;
    stats.fills = fills;
    stats.skipped_fills = skipped_fills;
    stats.failed_writes = failed_writes;
    stats.lost_writes = lost_writes;
    return stats;
  }

  Counter hits = 0;
  Counter negative_hits = 0;
  Counter misses = 0;
  Counter errors = 0;
  Counter bypassed = 0;
  Counter loads = 0;
  Counter joined = 0;
  Counter fills = 0;
  Counter skipped_fills = 0;
  Counter failed_writes = 0;
  Counter lost_writes = 0;
};

}  // namespace weir::redis
