// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a cache can be told, and what it tells.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "async/time.h"

namespace weir::redis {

struct CacheOptions {
  // How long a row stays. Each entry's time is drawn from ttl +-10 %, so that rows which were
  // filled together do not expire together.
  Duration ttl = std::chrono::minutes(10);

  // How long "there is no such row" is believed when a load said so.
  Duration negative_ttl = std::chrono::seconds(10);

  // How long a deletion is remembered: longer than a fill can be late, which is load_timeout and
  // the client's command_timeout.
  Duration tombstone_ttl = std::chrono::minutes(1);

  // A load is nobody's child, so it has a deadline of its own.
  Duration load_timeout = std::chrono::seconds(5);

  // Loads and fills under way at once beyond which fills are left out, and writes that wait to be
  // repeated beyond which they are given up.
  std::size_t max_background = 4096;

  // Delays between attempts to repeat a write, see async/backoff.h.
  Duration repair_backoff_base = std::chrono::milliseconds(50);
  Duration repair_backoff_cap = std::chrono::seconds(1);
};

struct CacheStats {
  std::uint64_t hits = 0;           // a row from Redis
  std::uint64_t negative_hits = 0;  // "no such row" from Redis
  std::uint64_t misses = 0;         // Redis did not know
  std::uint64_t errors = 0;         // Redis did not answer
  std::uint64_t bypassed = 0;       // not asked, because a write of ours is still to be taken
  std::uint64_t loads = 0;          // times the loader ran
  std::uint64_t joined = 0;         // misses that waited for another's load
  std::uint64_t fills = 0;
  std::uint64_t skipped_fills = 0;   // too much in the background
  std::uint64_t failed_writes = 0;   // attempts to fill, put or erase that Redis did not take
  std::uint64_t lost_writes = 0;     // puts and erases given up
  std::size_t unsettled_writes = 0;  // now: puts and erases that Redis has not taken yet
  std::size_t in_background = 0;     // now
};

}  // namespace weir::redis
