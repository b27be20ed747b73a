// SPDX-License-Identifier: Apache-2.0
#include "client/batches.h"

#include <chrono>
#include <utility>

#include "async/backoff.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "client/resumption.h"
#include "client/server_stream.h"
#include "client/unary.h"
#include "client/upload_stream.h"

namespace weir::client {
namespace {

namespace v1 = batch::v1;
using Stub = v1::BatchService::Stub;

constexpr BidiMethod<Stub, BatchItem, BatchResult> kProcess{"ProcessBatch",
                                                            &Stub::PrepareAsyncProcessBatch};
constexpr ClientStreamMethod<Stub, v1::SubmitBatchRequest, Batch> kSubmit{
    "SubmitBatch", &Stub::PrepareAsyncSubmitBatch};
constexpr UnaryMethod<Stub, v1::GetBatchRequest, Batch> kGet{
    "GetBatch", &Stub::PrepareAsyncGetBatch, Repeat::kRead};
constexpr StreamMethod<Stub, v1::WatchBatchRequest, Batch> kWatch{"WatchBatch",
                                                                  &Stub::PrepareAsyncWatchBatch};
constexpr UnaryMethod<Stub, v1::ListBatchResultsRequest, v1::ListBatchResultsResponse> kResults{
    "ListBatchResults", &Stub::PrepareAsyncListBatchResults, Repeat::kRead};
// The second time it finds what the first has done.
constexpr UnaryMethod<Stub, v1::CancelBatchRequest, Batch> kCancel{
    "CancelBatch", &Stub::PrepareAsyncCancelBatch, Repeat::kHarmless};

// One by one what comes in vectors.
class OneByOne {
 public:
  explicit OneByOne(Batches::Items items) : items_(std::move(items)) {}

  Task<absl::StatusOr<std::optional<BatchItem>>> operator()() {
    if (next_ == ready_.size()) {
      ready_ = co_await or_return(items_());
      next_ = 0;
      if (ready_.empty()) co_return std::nullopt;
    }
    co_return std::optional<BatchItem>(std::move(ready_[next_++]));
  }

 private:
  Batches::Items items_;
  std::vector<BatchItem> ready_;
  std::size_t next_ = 0;
};

class Requests {
 public:
  Requests(std::string request_id, Batches::Items items)
      : request_id_(std::move(request_id)), items_(std::move(items)) {}

  Task<absl::StatusOr<std::optional<v1::SubmitBatchRequest>>> operator()() {
    v1::SubmitBatchRequest request;
    const bool is_first = !std::exchange(has_begun_, true);
    if (is_first) request.set_request_id(request_id_);
    std::vector<BatchItem> items = co_await or_return(items_());
    if (items.empty() && !is_first) co_return std::nullopt;
    for (BatchItem& item : items) *request.add_items() = std::move(item);
    co_return std::optional<v1::SubmitBatchRequest>(std::move(request));
  }

 private:
  const std::string request_id_;
  Batches::Items items_;
  bool has_begun_ = false;
};

}  // namespace

bool has_ended(const Batch& batch) {
  return batch.state() == Batch::SUCCEEDED || batch.state() == Batch::PARTIALLY_FAILED ||
         batch.state() == Batch::CANCELLED;
}

Batches::Batches(Channel channel)
    : channel_(std::move(channel)), stub_(v1::BatchService::NewStub(channel_.grpc())) {}

Task<absl::Status> Batches::process(Items items, std::function<void(const BatchResult&)> take) {
  OneByOne source(std::move(items));
  const auto next = [&] { return source(); };
  const auto sink = [&](const BatchResult& result) {
    take(result);
    return absl::OkStatus();
  };
  co_return co_await bidi(*stub_, kProcess, next, sink);
}

Task<absl::StatusOr<Batch>> Batches::submit(std::string request_id, Items items) {
  Requests source(std::move(request_id), std::move(items));
  const auto next = [&] { return source(); };
  co_return co_await client_stream(*stub_, kSubmit, next);
}

Task<absl::StatusOr<Batch>> Batches::get(std::string name) {
  v1::GetBatchRequest request;
  request.set_name(std::move(name));
  return unary(channel_, *stub_, kGet, std::move(request));
}

Task<absl::Status> Batches::watch(std::string name, std::function<void(const Batch&)> show,
                                  Duration patience) {
  const Context& context = co_await this_context();
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(2));
  TimePoint lost_at = context.loop().now();
  bool is_over = false;
  bool has_received = false;
  const auto follow = [&](rpc::Reader<Batch>& progress) -> Task<absl::Status> {
    while (std::optional<Batch> now = co_await or_return(progress.read())) {
      has_received = true;
      is_over = has_ended(*now);
      show(*now);
    }
    co_return absl::OkStatus();
  };
  for (;;) {
    v1::WatchBatchRequest request;
    request.set_name(name);
    has_received = false;
    absl::Status ended = co_await server_stream(*stub_, kWatch, std::move(request), follow);
    if (is_over) co_return absl::OkStatus();
    if (context.is_cancelled()) co_return context.status();
    const std::optional<Duration> delay =
        ended.ok() ? std::optional(Duration::zero()) : resumption_delay(ended);
    const TimePoint now = context.loop().now();
    if (has_received) {  // a batch that waits its turn has no news for long
      lost_at = now;
      backoff.reset();
    }
    if (!delay || now - lost_at > patience) co_return ended;
    co_await or_return(co_await sleep(*delay + backoff.next()));
  }
}

Task<absl::StatusOr<v1::ListBatchResultsResponse>> Batches::results(
    v1::ListBatchResultsRequest request) {
  return unary(channel_, *stub_, kResults, std::move(request));
}

Task<absl::StatusOr<Batch>> Batches::cancel(std::string name) {
  v1::CancelBatchRequest request;
  request.set_name(std::move(name));
  return unary(channel_, *stub_, kCancel, std::move(request));
}

}  // namespace weir::client
