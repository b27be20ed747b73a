// SPDX-License-Identifier: Apache-2.0
#pragma once

// Upkeep: what has to be done for batches beside their items, by whichever replica comes first:
// settle those whose replica was killed before it could, and remove those that are too old and
// uploads that nobody goes on with.
//
// In small steps, each a short transaction, so that a batch of a million that goes away holds no
// locks and fills no log at once. Thread: any. The pool must outlive it, and it its awaits.

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/postgres/pool.h"

namespace weir::batch {

// What waits to be done, in all replicas together, as of the last step. Any thread.
struct Backlog {
  std::atomic<std::int64_t> chunks = 0;
  std::atomic<std::int64_t> oldest_microseconds = 0;
};

class Upkeep {
 public:
  // `keep`: how long a batch is kept after its end.
  Upkeep(postgres::Pool& pool, Duration keep) : pool_(pool), keep_(keep) {}

  // True if there is more to do at once.
  Task<absl::StatusOr<bool>> step();

  const Backlog& backlog() const { return backlog_; }

 private:
  postgres::Pool& pool_;
  const Duration keep_;
  Backlog backlog_;
};

}  // namespace weir::batch
