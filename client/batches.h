// SPDX-License-Identifier: Apache-2.0
#pragma once

// Batches: weir.batch.v1.BatchService as coroutines. Errors and retries as for client::Users.
//
//     client::Batches batches(channel);
//     absl::StatusOr<client::Batch> batch = co_await batches.submit(request_id, next_items);
//     absl::Status ended = co_await batches.watch(batch->name(), [](const Batch& now) { ... });
//
// Lifetime: it must outlive its tasks. Thread: any; each task on a rpc::CompletionQueueLoop.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "client/channel.h"
#include "weir/batch/v1/batch.grpc.pb.h"

namespace weir::client {

using Batch = batch::v1::Batch;
using BatchItem = batch::v1::BatchItem;
using BatchResult = batch::v1::BatchResult;

// Whether its state does not change any more.
bool has_ended(const Batch& batch);

class Batches {
 public:
  explicit Batches(Channel channel);

  // The next items, some hundred at once; an empty vector at the end.
  using Items = std::function<Task<absl::StatusOr<std::vector<BatchItem>>>()>;

  // Sends each item and hands its result to `take` as it comes. Never tried again: what was done is
  // only known from the results.
  Task<absl::Status> process(Items items, std::function<void(const BatchResult&)> take);

  // Not tried again, for the items are gone; the same request_id makes it harmless to.
  Task<absl::StatusOr<Batch>> submit(std::string request_id, Items items);

  Task<absl::StatusOr<Batch>> get(std::string name);
  // Calls `show` for each state until the last; goes on by itself when the server goes away, unless
  // there is none for as long as `patience`.
  Task<absl::Status> watch(std::string name, std::function<void(const Batch&)> show,
                           Duration patience = std::chrono::seconds(60));
  Task<absl::StatusOr<batch::v1::ListBatchResultsResponse>> results(
      batch::v1::ListBatchResultsRequest request);
  Task<absl::StatusOr<Batch>> cancel(std::string name);

 private:
  using Stub = batch::v1::BatchService::Stub;

  const Channel channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace weir::client
