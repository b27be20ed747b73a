// SPDX-License-Identifier: Apache-2.0
#include "server/batch/chunk_repository.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "server/batch/settle.h"
#include "server/postgres/copy_rows.h"

namespace weir::batch {
namespace {

using postgres::CopyRows;
using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// With the pauses between them, some minutes.
constexpr int kMaxAttempts = 15;
constexpr Duration kFirstPause = std::chrono::milliseconds(100);
constexpr Duration kMaxPause = std::chrono::seconds(30);

// MATERIALIZED: else the planner may run the inner SELECT more than once, and claim more.
constexpr Statement kClaim{"claim_chunks", R"(
  WITH next AS MATERIALIZED (
    SELECT batch_id, number FROM batch_chunks WHERE NOT done AND free_at <= now()
    ORDER BY turn LIMIT $1 FOR UPDATE SKIP LOCKED)
  UPDATE batch_chunks AS c
  SET lease = nextval('batch_leases'), free_at = now() + $2 * interval '1 microsecond'
  FROM next WHERE c.batch_id = next.batch_id AND c.number = next.number
  RETURNING c.batch_id, c.number, c.first_position, c.end_position, c.lease, c.attempts)"};

// A chunk whose transaction is under way is locked, by ourselves, and cannot be claimed: it needs
// no longer lease, and waiting for it would hold up the others.
constexpr Statement kRenew{"renew_chunks", R"(
  WITH held AS MATERIALIZED (
    SELECT c.batch_id, c.number
    FROM batch_chunks c JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[])
      AS mine (batch_id, number, lease) USING (batch_id, number, lease)
    WHERE NOT c.done FOR UPDATE OF c SKIP LOCKED)
  UPDATE batch_chunks AS c SET free_at = now() + $4 * interval '1 microsecond'
  FROM held WHERE c.batch_id = held.batch_id AND c.number = held.number)"};

constexpr Statement kGiveBack{"give_back_chunk", R"(
  UPDATE batch_chunks SET free_at = now() + $4 * interval '1 microsecond'
  WHERE batch_id = $1 AND number = $2 AND lease = $3 AND NOT done)"};

constexpr Statement kFence{"fence_chunk", R"(
  SELECT attempts FROM batch_chunks
  WHERE batch_id = $1 AND number = $2 AND lease = $3 AND NOT done FOR UPDATE)"};

constexpr Statement kTodo{"chunk_todo", R"(
  SELECT position, coalesce(item, ''), coalesce(fault, '') FROM batch_items i
  WHERE batch_id = $1 AND position >= $2 AND position < $3 AND NOT EXISTS (
    SELECT FROM batch_results r WHERE r.batch_id = i.batch_id AND r.position = i.position)
  ORDER BY position)"};

constexpr char kCopyResults[] =
    "COPY batch_results (batch_id, position, result) FROM STDIN (FORMAT binary)";

constexpr Statement kFinish{"finish_chunk", R"(
  UPDATE batch_chunks SET done = $5, succeeded = succeeded + $3, failed = failed + $4,
    attempts = attempts + (NOT $5)::int, free_at = now() + $6 * interval '1 microsecond'
  WHERE batch_id = $1 AND number = $2)"};

std::int64_t micros(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

Duration pause_after(int attempts) {
  return std::min(kFirstPause * (1 << std::min(attempts, 16)), kMaxPause);
}

std::vector<Todo> read_todo(Transaction& transaction, const Chunk& chunk) {
  std::vector<Todo> todo;
  for (const Row row : transaction.run(kTodo, chunk.batch, chunk.first, chunk.end)) {
    Todo item;
    item.position = row.int64(0);
    item.item = row.bytes(1);
    item.fault = row.bytes(2);
    todo.push_back(std::move(item));
  }
  return todo;
}

// What a transaction that is about to be committed has changed. Shared with the worker, who may
// still be at it when a cancelled caller has left.
class Touched {
 public:
  void set(Effects effects) {
    const absl::MutexLock lock(&mutex_);
    effects_ = std::move(effects);
  }
  void move_to(Effects& all) {
    const absl::MutexLock lock(&mutex_);
    std::move(effects_.written.begin(), effects_.written.end(), std::back_inserter(all.written));
    std::move(effects_.deleted.begin(), effects_.deleted.end(), std::back_inserter(all.deleted));
  }

 private:
  absl::Mutex mutex_;
  Effects effects_;
};

// Writes down what is known; true if that is all.
bool finish(Transaction& transaction, const Chunk& chunk, const std::vector<Todo>& todo,
            const Results& results, int attempts) {
  CopyRows rows(3);
  std::int64_t failed = 0;
  for (std::size_t at = 0; at < todo.size(); ++at) {
    if (!results[at]) continue;
    rows.begin_row()
        .int64(chunk.batch)
        .int64(todo[at].position)
        .bytes(results[at]->SerializeAsString());
    if (results[at]->status().code() != 0) ++failed;
  }
  if (!rows.empty()) transaction.copy(kCopyResults, rows);
  const auto known = static_cast<std::int64_t>(rows.rows());
  const bool is_done = rows.rows() == todo.size();
  transaction.run(kFinish, chunk.batch, chunk.number, known - failed, failed, is_done,
                  micros(pause_after(attempts)));
  return is_done;
}

}  // namespace

Task<absl::StatusOr<std::vector<Chunk>>> ChunkRepository::claim(int limit) {
  auto write = [limit,
                lease = lease_](Transaction& transaction) -> absl::StatusOr<std::vector<Chunk>> {
    std::vector<Chunk> chunks;
    for (const Row row : transaction.run(kClaim, limit, micros(lease))) {
      Chunk chunk;
      chunk.batch = row.int64(0);
      chunk.number = row.int64(1);
      chunk.first = row.int64(2);
      chunk.end = row.int64(3);
      chunk.lease = row.int64(4);
      chunk.attempts = static_cast<int>(row.int64(5));
      chunks.push_back(chunk);
    }
    return chunks;
  };
  co_return co_await pool_.transact(std::move(write));
}

Task<absl::Status> ChunkRepository::renew(std::vector<Chunk> chunks) {
  auto write = [chunks = std::move(chunks),
                lease = lease_](Transaction& transaction) -> absl::Status {
    std::vector<std::int64_t> batches;
    std::vector<std::int64_t> numbers;
    std::vector<std::int64_t> leases;
    for (const Chunk& chunk : chunks) {
      batches.push_back(chunk.batch);
      numbers.push_back(chunk.number);
      leases.push_back(chunk.lease);
    }
    transaction.run(kRenew, batches, numbers, leases, micros(lease));
    return absl::OkStatus();
  };
  co_return co_await pool_.transact(std::move(write));
}

Task<absl::Status> ChunkRepository::give_back(Chunk chunk, Duration pause) {
  auto write = [chunk, pause](Transaction& transaction) -> absl::Status {
    transaction.run(kGiveBack, chunk.batch, chunk.number, chunk.lease, micros(pause));
    return absl::OkStatus();
  };
  co_return co_await pool_.transact(std::move(write));
}

Task<absl::StatusOr<ChunkRepository::Ran>> ChunkRepository::run(Chunk chunk, Mode mode,
                                                                Effects& in_doubt) {
  const auto touched = std::make_shared<Touched>();
  auto work = [chunk, mode, touched](Transaction& transaction) -> absl::StatusOr<Ran> {
    Ran ran;
    const Rows fence = transaction.run(kFence, chunk.batch, chunk.number, chunk.lease);
    if (fence.empty()) return ran;
    ran.was_ours = true;
    const auto attempts = static_cast<int>(fence[0].int64(0));
    const std::vector<Todo> todo = read_todo(transaction, chunk);
    const Results results =
        do_items(transaction, todo, mode, attempts >= kMaxAttempts, ran.effects);
    ran.is_done = finish(transaction, chunk, todo, results, attempts);
    touched->set(ran.effects);
    return ran;
  };
  absl::StatusOr<Ran> ran = co_await pool_.transact(std::move(work));
  if (!ran.ok()) touched->move_to(in_doubt);
  co_return ran;
}

Task<absl::Status> ChunkRepository::settle(std::int64_t batch) {
  auto write = [batch](Transaction& transaction) -> absl::Status {
    batch::settle(transaction, batch);
    return absl::OkStatus();
  };
  co_return co_await pool_.transact(std::move(write));
}

}  // namespace weir::batch
