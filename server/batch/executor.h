// SPDX-License-Identifier: Apache-2.0
#pragma once

// Executor: does the items of durable batches in the background, chunk by chunk, beside the other
// replicas' executors. Tokio: a worker pool that takes from a queue, with a Semaphore as its size.
//
// One task claims, as many chunks as there are workers; each chunk is a task; one renews the leases
// of those; one does the upkeep. What a chunk needs is done on the pool's workers (decoding, SQL,
// encoding), so the executor's own loop does next to nothing: it has a ThreadLoop (ExecutorThread)
// and not a server's loop, so that telling the cache of five hundred users delays no call, and so
// that it can outlast the calls of a drain.
//
// What is new is found when the bell rings, which SubmitBatch on this replica does, and by polling
// with jitter, which also finds what other replicas were given, gave back, or lost.
//
// Errors: what statements of its items break is tried apart (chunk_work.h); for the rest the chunk
// is given back for a while. Nothing ends the executor but `stop`, after which it claims nothing
// more and ends when its chunks have, and cancellation, which gives them back at once.
//
// Thread: its loop's, but for `stop`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "async/cancellation.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "server/batch/bell.h"
#include "server/batch/chunk_repository.h"
#include "server/batch/upkeep.h"
#include "server/users/user_cache.h"
#include "telemetry/tracer.h"

namespace weir::batch {

struct ExecutorOptions {
  std::size_t workers = 2;         // chunks at once, each on a connection of the pool; 0: none
  std::int64_t chunk_items = 500;  // of batches that are submitted here
  Duration lease = std::chrono::seconds(15);
  Duration poll = std::chrono::seconds(1);
  Duration upkeep = std::chrono::seconds(5);
  Duration keep = std::chrono::hours(24 * 7);  // batches, after their end
};

class Executor {
 public:
  Executor(ChunkRepository& chunks, Upkeep& upkeep, users::UserCache& cache, Bell& work,
           const ExecutorOptions& options, telemetry::Tracer* tracer = nullptr)
      : chunks_(chunks),
        upkeep_(upkeep),
        cache_(cache),
        work_(work),
        options_(options),
        tracer_(tracer),
        workers_(options.workers) {}

  // Until `stop`, or cancelled.
  Task<absl::Status> run();
  // Any thread.
  void stop();

 private:
  Task<absl::Status> work();
  Task<absl::Status> work_on(Chunk chunk, Permit worker);
  Task<absl::StatusOr<ChunkRepository::Ran>> attempt(Chunk chunk, Effects& in_doubt);
  Task<void> give_back(Chunk chunk, Duration pause);
  Task<void> tell_cache(Effects effects);
  Task<void> doubt_in_cache(const Effects& effects);
  Task<absl::Status> keep_leases();
  Task<absl::Status> keep_up();

  ChunkRepository& chunks_;
  Upkeep& upkeep_;
  users::UserCache& cache_;
  Bell& work_;
  const ExecutorOptions options_;
  telemetry::Tracer* const tracer_;
  Semaphore workers_;
  CancellationToken stopping_;
  std::map<std::int64_t, Chunk> held_;  // by lease
};

}  // namespace weir::batch
