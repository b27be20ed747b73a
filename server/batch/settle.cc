// SPDX-License-Identifier: Apache-2.0
#include "server/batch/settle.h"

namespace weir::batch {
namespace {

constexpr postgres::Statement kSettle{"settle_batch", R"(
  UPDATE batches SET end_time = now(), succeeded = chunks.succeeded, failed = chunks.failed,
    state = CASE WHEN chunks.failed = 0 THEN 'succeeded' ELSE 'partially_failed' END
  FROM (SELECT coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed
        FROM batch_chunks WHERE batch_id = $1) AS chunks
  WHERE id = $1 AND state = 'open'
    AND NOT EXISTS (SELECT FROM batch_chunks WHERE batch_id = $1 AND NOT done))"};

}  // namespace

void settle(postgres::Transaction& transaction, std::int64_t batch) {
  transaction.run(kSettle, batch);
}

}  // namespace weir::batch
