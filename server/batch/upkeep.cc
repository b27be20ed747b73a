// SPDX-License-Identifier: Apache-2.0
#include "server/batch/upkeep.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "server/batch/settle.h"

namespace weir::batch {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr std::int64_t kRowsAStep = 5000;

constexpr Statement kUnsettled{"unsettled_batches", R"(
  SELECT id FROM batches b WHERE state = 'open'
    AND NOT EXISTS (SELECT FROM batch_chunks WHERE batch_id = b.id AND NOT done) LIMIT 100)"};

// An upload adds a piece every few seconds, or is being tried again for half a minute.
constexpr Statement kExpire{"expire_batches", R"(
  UPDATE batches SET state = 'removing', request_id = NULL WHERE id IN (
    SELECT id FROM batches
    WHERE end_time < now() - $1 * interval '1 microsecond' AND state <> 'removing'
    UNION ALL
    SELECT id FROM batches WHERE state = 'uploading' AND upload_time < now() - interval '1 hour'
    LIMIT 100))"};

constexpr Statement kNext{"next_removal",
                          "SELECT id FROM batches WHERE state = 'removing' "
                          "LIMIT 1 FOR UPDATE SKIP LOCKED"};

#define WEIR_REMOVE_SOME(table) \
  "DELETE FROM " table          \
  " WHERE ctid = ANY(ARRAY("    \
  "SELECT ctid FROM " table " WHERE batch_id = $1 LIMIT $2))"
constexpr Statement kRemoveSome[] = {
    {"remove_batch_results", WEIR_REMOVE_SOME("batch_results")},
    {"remove_batch_items", WEIR_REMOVE_SOME("batch_items")},
    {"remove_batch_chunks", WEIR_REMOVE_SOME("batch_chunks")},
};
#undef WEIR_REMOVE_SOME

constexpr Statement kRemove{"remove_batch", "DELETE FROM batches WHERE id = $1"};

constexpr Statement kBacklog{"batch_backlog", R"(
  SELECT count(*), coalesce(extract(epoch FROM now() - min(turn)) * 1000000, 0)::bigint
  FROM batch_chunks WHERE NOT done)"};

struct Step {
  bool more = false;
  std::int64_t chunks = 0;
  std::int64_t oldest_microseconds = 0;
};

// True if there was something to remove.
bool remove_some(Transaction& transaction) {
  const Rows next = transaction.run(kNext);
  if (next.empty()) return false;
  const std::int64_t batch = next[0].int64(0);
  for (const Statement& some : kRemoveSome) {
    if (transaction.run(some, batch, kRowsAStep).affected() > 0) return true;
  }
  transaction.run(kRemove, batch);
  return true;
}

}  // namespace

Task<absl::StatusOr<bool>> Upkeep::step() {
  auto write = [keep = keep_](Transaction& transaction) -> absl::StatusOr<Step> {
    for (const Row row : transaction.run(kUnsettled)) settle(transaction, row.int64(0));
    transaction.run(kExpire, std::chrono::duration_cast<std::chrono::microseconds>(keep).count());
    Step step;
    const Rows backlog = transaction.run(kBacklog);
    step.chunks = backlog[0].int64(0);
    step.oldest_microseconds = std::max<std::int64_t>(backlog[0].int64(1), 0);
    step.more = remove_some(transaction);
    return step;
  };
  const absl::StatusOr<Step> step = co_await pool_.transact(std::move(write));
  if (!step.ok()) co_return step.status();
  backlog_.chunks = step->chunks;
  backlog_.oldest_microseconds = step->oldest_microseconds;
  co_return step->more;
}

}  // namespace weir::batch
