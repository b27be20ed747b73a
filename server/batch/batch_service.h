// SPDX-License-Identifier: Apache-2.0
#pragma once

// BatchService: weir.batch.v1.BatchService, from parsed requests to responses or errors with their
// details. What a method promises is written in proto/weir/batch/v1/batch.proto.
//
// Knows nothing of gRPC. Each request must stay alive until its await is over. Thread: any;
// everything it is made of must outlive it.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "async/cancellation.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "rpc/stream.h"
#include "server/api/page_token.h"
#include "server/batch/batch_repository.h"
#include "server/batch/bell.h"
#include "server/batch/item_processor.h"
#include "server/users/passwords.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

class BatchService {
 public:
  // `work` is rung when there is a new batch. `draining` ends watches, see server/api/draining.h.
  BatchService(ItemProcessor& processor, BatchRepository& repository, users::Passwords& passwords,
               const api::PageTokens& page_tokens, Bell& work, CancellationToken draining)
      : processor_(processor),
        repository_(repository),
        passwords_(passwords),
        page_tokens_(page_tokens),
        work_(work),
        draining_(std::move(draining)) {}

  Task<absl::Status> process_batch(rpc::Reader<v1::BatchItem>& items,
                                   rpc::Writer<v1::BatchResult>& results) {
    return processor_.process(items, results);
  }
  Task<absl::StatusOr<v1::Batch>> submit_batch(rpc::Reader<v1::SubmitBatchRequest>& requests);
  Task<absl::StatusOr<v1::Batch>> get_batch(const v1::GetBatchRequest& request);
  Task<absl::Status> watch_batch(const v1::WatchBatchRequest& request,
                                 rpc::Writer<v1::Batch>& progress);
  Task<absl::StatusOr<v1::ListBatchResultsResponse>> list_batch_results(
      const v1::ListBatchResultsRequest& request);
  Task<absl::StatusOr<v1::Batch>> cancel_batch(const v1::CancelBatchRequest& request);

 private:
  Task<absl::StatusOr<Batch>> submit(rpc::Reader<v1::SubmitBatchRequest>& requests,
                                     v1::SubmitBatchRequest first, std::int64_t id);
  Task<absl::StatusOr<Batch>> find(std::int64_t id);
  Task<absl::Status> follow(std::int64_t id, rpc::Writer<v1::Batch>& progress);

  ItemProcessor& processor_;
  BatchRepository& repository_;
  users::Passwords& passwords_;
  const api::PageTokens& page_tokens_;
  Bell& work_;
  const CancellationToken draining_;
};

}  // namespace weir::batch
