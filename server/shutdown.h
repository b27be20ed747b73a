// SPDX-License-Identifier: Apache-2.0
#pragma once

// How this process ends: the drain of server/rpc/drain.h on the real server, the report as the last
// line of the log, and what to close when.

#include <atomic>
#include <utility>

#include "async/blocking_pool.h"
#include "async/cancellation.h"
#include "server/batch/executor_thread.h"
#include "server/redis/cache.h"
#include "server/rpc/drain.h"
#include "server/rpc/server.h"

namespace weir {

class ServerDrain final : public rpc::DrainTarget {
 public:
  // `draining` is cancelled when new calls are refused, and ends the streams that would last (see
  // server/api/draining.h). `batches` and `cache` may be null. `threads` runs what blocks: one
  // thread is enough.
  ServerDrain(rpc::Server& server, CancellationToken draining, batch::ExecutorThread* batches,
              redis::Cache* cache, BlockingPool& threads, Duration close_limit,
              std::atomic<rpc::DrainPhase>& phase)
      : server_(server),
        draining_(std::move(draining)),
        batches_(batches),
        cache_(cache),
        threads_(threads),
        close_limit_(close_limit),
        phase_(phase) {}

  void announce() override;
  void close_door() override { server_.close_door(); }
  void refuse() override;
  std::uint64_t arrived() const override { return server_.admission().arrived(); }
  std::size_t in_progress() const override { return server_.admission().in_progress(); }
  Task<std::vector<rpc::ServerLoop::Straggler>> stragglers() override;
  void cancel() override;
  Task<void> shut_down(Duration limit) override;

 private:
  rpc::Server& server_;
  CancellationToken draining_;
  batch::ExecutorThread* const batches_;
  redis::Cache* const cache_;
  BlockingPool& threads_;
  const Duration close_limit_;
  std::atomic<rpc::DrainPhase>& phase_;  // for the metrics
};

void log_report(const rpc::DrainReport& report);

}  // namespace weir
