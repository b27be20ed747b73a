// SPDX-License-Identifier: Apache-2.0
#pragma once

// ItemProcessor: ProcessBatch: the items of a stream, some at once, each answered as it ends.
// Tokio: StreamExt::for_each_concurrent with a Semaphore beside it.
//
// Backpressure. An item's permits are taken before it is worked on and given back when its result
// has been written. So a caller that does not read its results stops being read from, and what is
// in memory is bounded: `in_call` items of one call, `in_server` of all, and one more of each call
// that waits for its turn.
//
// Cancellation tells the truth: a result is written only for an item whose outcome is known, and
// once the call is cancelled none is, for what its items still end with may be their own
// cancellation.
//
// Knows neither gRPC nor users: `Work` does an item. Thread: any loop's; it must outlive its calls.

#include <cstddef>
#include <functional>
#include <utility>

#include "async/semaphore.h"
#include "async/task.h"
#include "rpc/stream.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

struct ProcessLimits {
  std::size_t in_call = 64;     // items of one call in progress
  std::size_t in_server = 512;  // of all calls
};

class ItemProcessor {
 public:
  // The item stays alive until its result is there.
  using Work = std::function<Task<v1::BatchResult>(const v1::BatchItem& item)>;

  ItemProcessor(Work work, ProcessLimits limits)
      : work_(std::move(work)), limits_(limits), in_server_(limits.in_server) {}

  using Items = rpc::Reader<v1::BatchItem>;
  using Results = rpc::Writer<v1::BatchResult>;

  Task<absl::Status> process(Items& items, Results& results);

 private:
  struct Call;
  Task<absl::Status> process_one(Call& call, v1::BatchItem item, Permit in_call, Permit in_server);

  const Work work_;
  const ProcessLimits limits_;
  Semaphore in_server_;
};

}  // namespace weir::batch
