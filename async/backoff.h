// SPDX-License-Identifier: Apache-2.0
#pragma once

// Backoff: how long to wait before the next attempt: exponential, capped, with full jitter. Tokio:
// tokio_retry::strategy::{ExponentialBackoff, jitter}.
//
//     Backoff backoff(50ms, 1s);
//     while (!connect()) co_await sleep(backoff.next());
//
// Full jitter draws from all of [0, limit), and so spreads those who failed together: with a fixed
// delay a thousand clients of a server that came back would all knock at the same moment.
//
// Thread: none of its own; one user at a time.

#include <algorithm>
#include <cstdint>
#include <random>

#include "async/time.h"

namespace weir {

class Backoff {
 public:
  // The n-th delay is below min(cap, base * 2^n). `seed` makes a test repeatable.
  Backoff(Duration base, Duration cap, std::uint64_t seed = std::random_device()())
      : base_(base), cap_(cap), limit_(base) {
    // Mixed, because this generator's first number would be small for every small seed.
    std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
    random_.seed(mixed);
  }

  Duration next() {
    const Duration limit = std::min(limit_, cap_);
    limit_ = limit > cap_ / 2 ? cap_ : limit * 2;
    if (limit <= Duration::zero()) return Duration::zero();
    return Duration(std::uniform_int_distribution<Duration::rep>(0, limit.count() - 1)(random_));
  }

  // After a success that has lasted: the next delay is of the first kind again.
  void reset() { limit_ = base_; }

 private:
  Duration base_;
  Duration cap_;
  Duration limit_;
  std::minstd_rand random_;
};

}  // namespace weir
