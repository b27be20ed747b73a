// SPDX-License-Identifier: Apache-2.0
#include "server/batch/batch_service.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/or_return.h"
#include "async/shielded.h"
#include "async/sleep.h"
#include "async/timeout.h"
#include "async/with_scope.h"
#include "server/api/checks.h"
#include "server/api/draining.h"
#include "server/api/paging.h"
#include "server/batch/errors.h"
#include "server/batch/patience.h"
#include "server/batch/upload.h"
#include "server/batch/wire.h"
#include "server/status/details.h"

namespace weir::batch {
namespace {

using status::BadRequest;

constexpr api::PageLimits kPageLimits{.default_size = 100, .max_size = 1000, .first = -1};

constexpr Duration kPatience = std::chrono::seconds(30);
// Between two looks at a batch that is watched: as long as it goes on, and as long as it does not.
constexpr Duration kQuickLook = std::chrono::milliseconds(100);
constexpr Duration kSlowLook = std::chrono::seconds(1);

// Best effort: what is not abandoned is removed when nobody goes on with it.
Task<void> abandon(BatchRepository& repository, std::int64_t id) {
  Task<absl::Status> abandoned = timeout(std::chrono::seconds(1), repository.abandon(id));
  (void)co_await shielded(std::move(abandoned));
}

}  // namespace

Task<absl::StatusOr<v1::Batch>> BatchService::submit_batch(
    rpc::Reader<v1::SubmitBatchRequest>& requests) {
  std::optional<v1::SubmitBatchRequest> first = co_await or_return(requests.read());
  if (!first) first.emplace();
  BadRequest bad;
  api::check_request_id("request_id", first->request_id(), bad);
  if (!bad.ok()) co_return bad;
  if (!first->request_id().empty()) {
    std::optional<Batch> before =
        co_await or_return(repository_.find_by_request(first->request_id()));
    if (before) co_return to_wire(*before);
  }

  const auto begin = [&] { return repository_.begin_upload(); };
  const std::int64_t id = co_await or_return(patiently(kPatience, begin));
  const absl::StatusOr<Batch> batch = co_await submit(requests, *std::move(first), id);
  if (!batch.ok() || batch->id != id) co_await abandon(repository_, id);
  if (!batch.ok()) co_return batch.status();
  work_.ring();
  co_return to_wire(*batch);
}

Task<absl::StatusOr<Batch>> BatchService::submit(rpc::Reader<v1::SubmitBatchRequest>& requests,
                                                 v1::SubmitBatchRequest first, std::int64_t id) {
  const std::string request_id = first.request_id();
  Upload upload(repository_, passwords_, id);
  const auto take_all = [&](TaskScope& scope) -> Task<absl::StatusOr<std::int64_t>> {
    std::optional<v1::SubmitBatchRequest> request = std::move(first);
    bool is_first = true;
    while (request) {
      if (!std::exchange(is_first, false) && !request->request_id().empty()) {
        BadRequest bad;
        bad.add("request_id", "belongs into the first message");
        co_return bad;
      }
      for (v1::BatchItem& item : *request->mutable_items()) {
        co_await or_return(upload.add(item, scope));
      }
      request = co_await or_return(requests.read());
    }
    co_return co_await upload.finish(scope);
  };
  const std::int64_t total = co_await or_return(with_scope(take_all));
  const auto complete = [&] { return repository_.complete(id, request_id, total); };
  co_return co_await patiently(kPatience, complete);
}

Task<absl::StatusOr<Batch>> BatchService::find(std::int64_t id) {
  std::optional<Batch> batch = co_await or_return(repository_.find(id));
  if (!batch) co_return batch_not_found(id);
  co_return *std::move(batch);
}

Task<absl::StatusOr<v1::Batch>> BatchService::get_batch(const v1::GetBatchRequest& request) {
  BadRequest bad;
  const std::int64_t id = id_of(request.name(), bad);
  if (!bad.ok()) co_return bad;
  const Batch batch = co_await or_return(find(id));
  co_return to_wire(batch);
}

Task<absl::Status> BatchService::watch_batch(const v1::WatchBatchRequest& request,
                                             rpc::Writer<v1::Batch>& progress) {
  BadRequest bad;
  const std::int64_t id = id_of(request.name(), bad);
  if (!bad.ok()) co_return bad;
  co_return co_await api::until_draining(draining_, follow(id, progress));
}

Task<absl::Status> BatchService::follow(std::int64_t id, rpc::Writer<v1::Batch>& progress) {
  std::optional<Batch> sent;
  Duration pause = kQuickLook;
  const auto look = [&] { return find(id); };
  for (;;) {
    Batch batch = co_await or_return(patiently(kPatience, look));
    if (batch != sent) {
      co_await or_return(progress.write(to_wire(batch)));
      if (batch.has_ended()) co_return absl::OkStatus();
      sent = std::move(batch);
      pause = kQuickLook;
    } else {
      pause = std::min(pause * 2, kSlowLook);
    }
    co_await or_return(co_await sleep(pause));
  }
}

Task<absl::StatusOr<v1::ListBatchResultsResponse>> BatchService::list_batch_results(
    const v1::ListBatchResultsRequest& request) {
  BadRequest bad;
  const std::int64_t id = id_of(request.name(), bad);
  const api::Page page = api::page_of(request, request.name(), kPageLimits, page_tokens_, bad);
  if (!bad.ok()) co_return bad;

  std::vector<ItemResult> results =
      co_await or_return(repository_.results_after(id, page.position, page.size + 1));
  v1::ListBatchResultsResponse response;
  response.set_next_page_token(api::cut_to_page(results, page, request.name(), page_tokens_));
  response.mutable_results()->Reserve(static_cast<int>(results.size()));
  for (ItemResult& result : results) *response.add_results() = to_wire(std::move(result));
  co_return response;
}

Task<absl::StatusOr<v1::Batch>> BatchService::cancel_batch(const v1::CancelBatchRequest& request) {
  BadRequest bad;
  const std::int64_t id = id_of(request.name(), bad);
  if (!bad.ok()) co_return bad;
  const auto cancel = [&] { return repository_.cancel(id); };
  const Batch batch = co_await or_return(patiently(std::chrono::seconds(3), cancel));
  co_return to_wire(batch);
}

}  // namespace weir::batch
