// SPDX-License-Identifier: Apache-2.0
#include "server/batch/errors.h"

#include "server/api/errors.h"
#include "server/status/details.h"

namespace weir::batch {

using absl::StatusCode;
using status::Error;

absl::Status batch_not_found(std::int64_t id) {
  constexpr api::Kind kBatch{"weir.batch.v1.Batch", "batch", "batches"};
  return api::not_found(kBatch, id);
}

absl::Status upload_gone() {
  return Error(StatusCode::kAborted, "UPLOAD_ABANDONED",
               "the upload took too long and was given up; submit the batch again");
}

absl::Status item_cancelled() {
  return Error(StatusCode::kCancelled, "BATCH_CANCELLED",
               "the batch was cancelled before this item was done");
}

}  // namespace weir::batch
