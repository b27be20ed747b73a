// SPDX-License-Identifier: Apache-2.0
#pragma once

// Batches: all there is for batches in one replica, put together: the service and the executor.

#include <utility>

#include "server/batch/batch_service.h"
#include "server/batch/executor_thread.h"
#include "server/batch/item.h"
#include "server/users/users.h"

namespace weir::batch {

class Batches {
 public:
  // Starts to work. What is given must outlive this. For the others see batch_service.h. Each chunk
  // is a trace of `tracer`'s; it may be null.
  Batches(postgres::Pool& pool, users::Users& users, const api::PageTokens& page_tokens,
          CancellationToken draining, ProcessLimits limits, const ExecutorOptions& options,
          telemetry::Tracer* tracer = nullptr)
      : processor_([&users = users.service()](
                       const v1::BatchItem& item) { return process_item(users, item); },
                   limits),
        repository_(pool, options.chunk_items),
        service_(processor_, repository_, users.passwords(), page_tokens, work_,
                 std::move(draining)),
        chunks_(pool, options.lease),
        upkeep_(pool, options.keep),
        executor_(chunks_, upkeep_, users.cache(), work_, options, tracer),
        thread_(executor_) {}

  BatchService& service() { return service_; }
  ExecutorThread& executor() { return thread_; }
  const Backlog& backlog() const { return upkeep_.backlog(); }

 private:
  Bell work_;
  ItemProcessor processor_;
  BatchRepository repository_;
  BatchService service_;
  ChunkRepository chunks_;
  Upkeep upkeep_;
  Executor executor_;
  ExecutorThread thread_;  // last: it uses the others until it is destroyed
};

}  // namespace weir::batch
