// SPDX-License-Identifier: Apache-2.0
#pragma once

// ChunkRepository: what replicas do with the chunks of open batches.
//
// Exactly once. A chunk is claimed under a lease, whose number is new each time: the fencing token.
// Its transaction first locks the chunk's row and looks whether the lease is still the last one and
// the chunk still open; then it does the items that have no result, writes the results, and commits
// all of it together. So whoever was paused, presumed dead and replaced finds that out before it
// does anything, and who replaces it waits for the row until the other has committed or not. A
// lease only keeps replicas from doing work twice for nothing; that no item takes effect twice does
// not depend on any clock.
//
// Thread: any. The pool must outlive it, and it its awaits.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/batch/chunk_work.h"
#include "server/postgres/pool.h"

namespace weir::batch {

struct Chunk {
  std::int64_t batch = 0;
  std::int64_t number = 0;
  std::int64_t first = 0;  // position of its first item
  std::int64_t end = 0;
  std::int64_t lease = 0;
  int attempts = 0;
};

class ChunkRepository {
 public:
  ChunkRepository(postgres::Pool& pool, Duration lease) : pool_(pool), lease_(lease) {}

  // At most `limit` whose turn it is, ours for the length of a lease.
  Task<absl::StatusOr<std::vector<Chunk>>> claim(int limit);
  // For another length of a lease, those that are still ours.
  Task<absl::Status> renew(std::vector<Chunk> chunks);
  // Anybody may claim it after `pause`. Nothing if it is not ours any more.
  Task<absl::Status> give_back(Chunk chunk, Duration pause);

  struct Ran {
    bool was_ours = false;  // else nothing was done
    bool is_done = false;   // else items are left for another try
    Effects effects;
  };
  // If that ends with an error after which nobody knows whether it was committed, `in_doubt` is
  // added to: what it has changed if it was.
  Task<absl::StatusOr<Ran>> run(Chunk chunk, Mode mode, Effects& in_doubt);

  // Ends the batch if all of its chunks are done.
  Task<absl::Status> settle(std::int64_t batch);

 private:
  postgres::Pool& pool_;
  const Duration lease_;
};

}  // namespace weir::batch
