// SPDX-License-Identifier: Apache-2.0
#include "server/batch/batch_repository.h"

#include <utility>

#include "server/batch/errors.h"
#include "server/batch/settle.h"
#include "server/postgres/errors.h"

namespace weir::batch {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// What read_batch reads. As long as a batch is open its chunks know how far it is.
#define WEIR_BATCH_SELECT                                                                      \
  "SELECT b.id, b.total, "                                                                     \
  "CASE WHEN b.state <> 'open' THEN b.state WHEN c.claimed THEN 'running' ELSE 'pending' END," \
  "CASE WHEN b.state <> 'open' THEN b.succeeded ELSE c.succeeded END, "                        \
  "CASE WHEN b.state <> 'open' THEN b.failed ELSE c.failed END, "                              \
  "(extract(epoch from b.create_time) * 1000000)::bigint AS create_us, "                       \
  "(extract(epoch from b.end_time) * 1000000)::bigint AS end_us "                              \
  "FROM batches b CROSS JOIN LATERAL ("                                                        \
  "  SELECT coalesce(bool_or(lease IS NOT NULL), false) AS claimed, "                          \
  "    coalesce(sum(succeeded), 0)::bigint AS succeeded, "                                     \
  "    coalesce(sum(failed), 0)::bigint AS failed "                                            \
  "  FROM batch_chunks WHERE batch_id = b.id AND b.state = 'open') AS c "                      \
  "WHERE b.state NOT IN ('uploading', 'removing') AND "

State state_of(std::string_view name) {
  if (name == "pending") return State::kPending;
  if (name == "succeeded") return State::kSucceeded;
  if (name == "partially_failed") return State::kPartiallyFailed;
  if (name == "cancelled") return State::kCancelled;
  return State::kRunning;
}

void read_batch(const Row& row, Batch& batch) {
  batch.id = row.int64(0);
  batch.total = row.int64(1);
  batch.state = state_of(row.view(2));
  batch.succeeded = row.int64(3);
  batch.failed = row.int64(4);
  batch.create_time = row.time(5);
  if (!row.is_null(6)) batch.end_time = row.time(6);
}

std::optional<Batch> to_batch(const Rows& rows) {
  if (rows.empty()) return std::nullopt;
  Batch batch;
  read_batch(rows[0], batch);
  return batch;
}

constexpr Statement kFindAll{"batches_by_id", WEIR_BATCH_SELECT "b.id = ANY($1::bigint[])"};
constexpr Statement kFind{"find_batch", WEIR_BATCH_SELECT "b.id = $1"};
constexpr Statement kFindByRequest{"batch_by_request", WEIR_BATCH_SELECT "b.request_id = $1"};

#undef WEIR_BATCH_SELECT

constexpr Statement kBegin{"begin_batch",
                           "INSERT INTO batches (state) VALUES ('uploading') RETURNING id"};

constexpr Statement kTouch{"touch_batch",
                           "UPDATE batches SET upload_time = now() "
                           "WHERE id = $1 AND state = 'uploading' RETURNING 1"};

// Of an attempt whose outcome was not known.
constexpr Statement kClearPiece{"clear_batch_piece",
                                "DELETE FROM batch_items "
                                "WHERE batch_id = $1 AND position >= $2 AND position < $3"};

constexpr char kCopy[] =
    "COPY batch_items (batch_id, position, item_id, item, fault) FROM STDIN (FORMAT binary)";

constexpr Statement kComplete{"complete_batch", R"(
  UPDATE batches SET state = CASE WHEN $3 = 0 THEN 'succeeded' ELSE 'open' END,
    end_time = CASE WHEN $3 = 0 THEN now() END, total = $3, create_time = now(),
    request_id = nullif($2, '')
  WHERE id = $1 AND state = 'uploading' RETURNING 1)"};

// The pause between two turns is about what a replica needs for a chunk.
constexpr Statement kAddChunks{"add_chunks", R"(
  INSERT INTO batch_chunks (batch_id, number, first_position, end_position, turn, free_at)
  SELECT $1, number, number * $3, least((number + 1) * $3, $2),
    now() + number * interval '20 milliseconds', now()
  FROM generate_series(0, ($2 - 1) / $3) AS number)"};

constexpr Statement kAbandon{"abandon_batch",
                             "UPDATE batches SET state = 'removing' "
                             "WHERE id = $1 AND state = 'uploading'"};

constexpr Statement kLockState{"lock_batch",
                               "SELECT state FROM batches "
                               "WHERE id = $1 AND state NOT IN ('uploading', 'removing')"
                               " FOR UPDATE"};

constexpr Statement kStopChunks{"stop_chunks",
                                "UPDATE batch_chunks SET done = true "
                                "WHERE batch_id = $1 AND NOT done"};

constexpr Statement kCancel{"cancel_batch", R"(
  UPDATE batches SET state = 'cancelled', end_time = now(),
    succeeded = chunks.succeeded, failed = chunks.failed
  FROM (SELECT coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed
        FROM batch_chunks WHERE batch_id = $1) AS chunks
  WHERE id = $1)"};

constexpr Statement kState{"batch_state",
                           "SELECT state = 'cancelled' FROM batches "
                           "WHERE id = $1 AND state NOT IN ('uploading', 'removing')"};

constexpr Statement kResults{"batch_results_after", R"(
  SELECT r.position, i.item_id, r.result
  FROM batch_results r JOIN batch_items i USING (batch_id, position)
  WHERE batch_id = $1 AND position > $2 ORDER BY position LIMIT $3)"};

// With those that were never done.
constexpr Statement kAllResults{"all_batch_results_after", R"(
  SELECT i.position, i.item_id, coalesce(r.result, '')
  FROM batch_items i LEFT JOIN batch_results r USING (batch_id, position)
  WHERE batch_id = $1 AND position > $2 ORDER BY position LIMIT $3)"};

absl::StatusOr<Batch> found(std::optional<Batch> batch, std::int64_t id) {
  if (!batch) return batch_not_found(id);
  return *std::move(batch);
}

}  // namespace

void Piece::add(std::string_view item_id, const std::string* item, const std::string* fault) {
  rows_.begin_row().int64(batch_).int64(end_++).bytes(item_id);
  for (const std::string* bytes : {item, fault}) {
    if (bytes != nullptr) {
      rows_.bytes(*bytes);
    } else {
      rows_.null();
    }
  }
}

BatchRepository::BatchRepository(postgres::Pool& pool, std::int64_t chunk_items)
    : pool_(pool), chunk_items_(chunk_items), by_id_(pool, {kFindAll, read_batch}) {}

Task<absl::StatusOr<std::int64_t>> BatchRepository::begin_upload() {
  auto write = [](Transaction& transaction) -> absl::StatusOr<std::int64_t> {
    return transaction.run(kBegin)[0].int64(0);
  };
  co_return co_await pool_.transact(std::move(write));
}

Task<absl::Status> BatchRepository::add(std::shared_ptr<const Piece> piece) {
  auto write = [piece = std::move(piece)](Transaction& transaction) -> absl::Status {
    if (transaction.run(kTouch, piece->batch()).empty()) return upload_gone();
    transaction.run(kClearPiece, piece->batch(), piece->first(), piece->end());
    transaction.copy(kCopy, piece->rows());
    return absl::OkStatus();
  };
  co_return co_await pool_.transact(std::move(write));
}

Task<absl::StatusOr<Batch>> BatchRepository::complete(std::int64_t id, std::string request_id,
                                                      std::int64_t total) {
  auto write = [id, request_id, total,
                chunk = chunk_items_](Transaction& transaction) -> absl::StatusOr<Batch> {
    const bool completed = !transaction.run(kComplete, id, request_id, total).empty();
    if (completed && total > 0) transaction.run(kAddChunks, id, total, chunk);
    std::optional<Batch> batch =
        to_batch(transaction.run(kFind, id));  // completed before, if not now
    if (!batch) return upload_gone();
    return *std::move(batch);
  };
  absl::StatusOr<Batch> batch = co_await pool_.transact(std::move(write));
  if (postgres::violated_constraint(batch.status()) != "batches_request_id_key") co_return batch;
  absl::StatusOr<std::optional<Batch>> first = co_await find_by_request(std::move(request_id));
  if (!first.ok()) co_return first.status();
  // It ended meanwhile, and was removed.
  if (!first->has_value()) co_return absl::AbortedError("the request_id was in use; try again");
  co_return **std::move(first);
}

Task<absl::Status> BatchRepository::abandon(std::int64_t id) {
  auto write = [id](Transaction& transaction) -> absl::Status {
    transaction.run(kAbandon, id);
    return absl::OkStatus();
  };
  co_return co_await pool_.transact(std::move(write));
}

Task<absl::StatusOr<std::optional<Batch>>> BatchRepository::find(std::int64_t id) {
  co_return co_await by_id_.load(id);
}

Task<absl::StatusOr<std::optional<Batch>>> BatchRepository::find_by_request(
    std::string request_id) {
  auto read = [request_id = std::move(request_id)](
                  Transaction& transaction) -> absl::StatusOr<std::optional<Batch>> {
    return to_batch(transaction.run(kFindByRequest, request_id));
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<std::vector<ItemResult>>> BatchRepository::results_after(std::int64_t id,
                                                                             std::int64_t position,
                                                                             std::int64_t limit) {
  auto read = [id, position,
               limit](Transaction& transaction) -> absl::StatusOr<std::vector<ItemResult>> {
    const Rows state = transaction.run(kState, id);
    if (state.empty()) return batch_not_found(id);
    const bool is_cancelled = state[0].boolean(0);
    std::vector<ItemResult> results;
    for (const Row row :
         transaction.run(is_cancelled ? kAllResults : kResults, id, position, limit)) {
      ItemResult result;
      result.id = row.int64(0);
      result.item_id = row.bytes(1);
      result.result = row.bytes(2);
      results.push_back(std::move(result));
    }
    return results;
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<Batch>> BatchRepository::cancel(std::int64_t id) {
  auto write = [id](Transaction& transaction) -> absl::StatusOr<Batch> {
    const Rows state = transaction.run(kLockState, id);
    if (!state.empty() && state[0].view(0) == "open") {
      // Waits for the chunks in progress: they end before, or find themselves done.
      if (transaction.run(kStopChunks, id).affected() > 0) {
        transaction.run(kCancel, id);
      } else {
        settle(transaction, id);
      }
    }
    return found(to_batch(transaction.run(kFind, id)), id);
  };
  co_return co_await pool_.transact(std::move(write));
}

}  // namespace weir::batch
