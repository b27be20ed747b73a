// SPDX-License-Identifier: Apache-2.0
#pragma once

// Backends: what the service stands on: Postgres, Redis with its cache, and threads for what
// blocks. Made once, before any service, and outlives them all.

#include <functional>
#include <optional>

#include "async/blocking_pool.h"
#include "server/config/config.h"
#include "server/postgres/pool.h"
#include "server/postgres/standby.h"
#include "server/redis/cache.h"
#include "server/redis/client.h"

namespace weir {

// For what has connections of its own to the database that the pool is for: only its mistakes are
// in the log, for of outages the pool tells.
postgres::Options feed_options(const config::Config& config);

class Backends {
 public:
  // Connects in the background: a backend that is down makes calls fail, not the start.
  // `committed` is told after each commit, on a thread of the pool.
  Backends(const config::Config& config, std::function<void()> committed);

  postgres::Pool& postgres() { return postgres_; }
  // Null where the configuration does without.
  postgres::Standby* standby() { return standby_ ? &*standby_ : nullptr; }
  redis::Client* redis() { return redis_ ? &*redis_ : nullptr; }
  redis::Cache* cache() { return cache_ ? &*cache_ : nullptr; }
  // For Argon2id, which takes a core and memory for tens of milliseconds: bounded on its own.
  BlockingPool& hashing() { return hashing_; }
  // For what blocks now and then, while the process starts and ends.
  BlockingPool& housekeeping() { return housekeeping_; }

 private:
  postgres::Pool postgres_;
  std::optional<postgres::Standby> standby_;
  std::optional<redis::Client> redis_;
  std::optional<redis::Cache> cache_;
  BlockingPool hashing_;
  BlockingPool housekeeping_;
};

}  // namespace weir
