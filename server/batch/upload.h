// SPDX-License-Identifier: Apache-2.0
#pragma once

// Upload: the items of one SubmitBatch on their way into Postgres, in constant memory.
//
// One piece is filled on the call's loop while the one before it is copied by a worker of the pool;
// a client that is quicker than that is not read from meanwhile. What Postgres cannot do now is
// tried again, so a restart of it is a pause of the upload.
//
// Thread: the call's loop. Trap: it must outlive the scope.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "async/with_scope.h"
#include "server/batch/batch_repository.h"
#include "server/users/passwords.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

class Upload {
 public:
  // `id` as from BatchRepository::begin_upload.
  Upload(BatchRepository& repository, users::Passwords& passwords, std::int64_t id)
      : repository_(repository), passwords_(passwords), id_(id) {}

  // Copies run in `scope`. Lets others run now and then, for the items of a message are all there.
  Task<absl::Status> add(v1::BatchItem& item, TaskScope& scope);
  // Sends what is left, and waits for all. How many items there were.
  Task<absl::StatusOr<std::int64_t>> finish(TaskScope& scope);

 private:
  Task<absl::Status> send(TaskScope& scope);
  Task<absl::Status> copy(std::shared_ptr<const Piece> piece, Permit turn);

  BatchRepository& repository_;
  users::Passwords& passwords_;
  const std::int64_t id_;
  Semaphore turn_{1};
  std::size_t added_ = 0;
  std::shared_ptr<Piece> piece_ = std::make_shared<Piece>(id_, 0);
};

}  // namespace weir::batch
