// SPDX-License-Identifier: Apache-2.0
#pragma once

// BatchRepository: durable batches in Postgres, as their owner sees them; what the executor does
// with them is in chunk_repository.h.
//
// A batch is uploaded in pieces, each a COPY in a transaction of its own: no connection and no
// transaction is held while a client takes its time, and a statement's time limit bounds a piece,
// not the batch. Until `complete`, one small transaction, nothing of it is visible or done; an
// upload that nobody completes is removed by the executor.
//
// Every method may be repeated after an error that can pass (patience.h), also when it is not known
// whether it took effect. Thread: any. The pool must outlive it, and it its awaits.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/batch/batch.h"
#include "server/postgres/copy_rows.h"
#include "server/postgres/loader.h"
#include "server/postgres/pool.h"

namespace weir::batch {

// Items that follow each other, on their way into the table.
class Piece {
 public:
  explicit Piece(std::int64_t batch, std::int64_t first)
      : batch_(batch), end_(first), first_(first) {}

  // `item` or `fault`: serialized, see the migration.
  void add(std::string_view item_id, const std::string* item, const std::string* fault);

  std::int64_t batch() const { return batch_; }
  std::int64_t first() const { return first_; }
  std::int64_t end() const { return end_; }
  bool empty() const { return rows_.empty(); }
  std::size_t bytes() const { return rows_.data().size(); }
  const postgres::CopyRows& rows() const { return rows_; }

 private:
  std::int64_t batch_;
  std::int64_t end_;
  std::int64_t first_;
  postgres::CopyRows rows_{5};
};

class BatchRepository {
 public:
  // Items of a chunk, which is what a replica claims.
  BatchRepository(postgres::Pool& pool, std::int64_t chunk_items);

  // An empty upload; its id.
  Task<absl::StatusOr<std::int64_t>> begin_upload();
  // ABORTED if the upload is there no more.
  Task<absl::Status> add(std::shared_ptr<const Piece> piece);
  // From here on the batch exists. If another has the request_id already, that one is returned.
  Task<absl::StatusOr<Batch>> complete(std::int64_t id, std::string request_id, std::int64_t total);
  // For an upload that will not be completed; harmless for a batch that was.
  Task<absl::Status> abandon(std::int64_t id);

  // Concurrent calls become one query, see postgres/loader.h.
  Task<absl::StatusOr<std::optional<Batch>>> find(std::int64_t id);
  Task<absl::StatusOr<std::optional<Batch>>> find_by_request(std::string request_id);

  // Those after `position`, in order; NOT_FOUND.
  Task<absl::StatusOr<std::vector<ItemResult>>> results_after(std::int64_t id,
                                                              std::int64_t position,
                                                              std::int64_t limit);
  // NOT_FOUND; ABORTED if a chunk in progress takes too long to wait for.
  Task<absl::StatusOr<Batch>> cancel(std::int64_t id);

 private:
  postgres::Pool& pool_;
  const std::int64_t chunk_items_;
  postgres::Loader<std::int64_t, Batch> by_id_;
};

}  // namespace weir::batch
