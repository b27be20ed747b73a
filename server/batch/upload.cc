// SPDX-License-Identifier: Apache-2.0
#include "server/batch/upload.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include "async/or_return.h"
#include "async/sleep.h"
#include "server/batch/patience.h"
#include "server/batch/stored_item.h"

namespace weir::batch {
namespace {

// Large enough that what a transaction costs does not show, small enough to be copied within any
// statement's time limit.
constexpr std::size_t kPieceBytes = 1 << 20;
// One message may have 100,000 items, and to look at one takes some microseconds.
constexpr std::size_t kItemsATurn = 64;
constexpr Duration kPatience = std::chrono::seconds(30);

const std::string* unless_empty(const std::string& bytes) {
  return bytes.empty() ? nullptr : &bytes;
}

}  // namespace

Task<absl::Status> Upload::add(v1::BatchItem& item, TaskScope& scope) {
  const auto store = [&] { return to_stored(std::move(item), passwords_); };
  const StoredItem stored = co_await or_return(store());
  piece_->add(stored.item_id, unless_empty(stored.item), unless_empty(stored.fault));
  if (piece_->bytes() >= kPieceBytes) co_await or_return(send(scope));
  if (++added_ % kItemsATurn == 0) co_await or_return(co_await sleep(Duration::zero()));
  co_return absl::OkStatus();
}

Task<absl::Status> Upload::send(TaskScope& scope) {
  Permit turn = co_await or_return(co_await turn_.acquire());
  auto next = std::make_shared<Piece>(id_, piece_->end());
  scope.spawn(copy(std::exchange(piece_, std::move(next)), std::move(turn)));
  co_return absl::OkStatus();
}

Task<absl::Status> Upload::copy(std::shared_ptr<const Piece> piece, [[maybe_unused]] Permit turn) {
  const auto attempt = [&] { return repository_.add(piece); };
  co_return co_await patiently(kPatience, attempt);
}

Task<absl::StatusOr<std::int64_t>> Upload::finish(TaskScope& scope) {
  if (!piece_->empty()) co_await or_return(send(scope));
  const Permit last = co_await or_return(co_await turn_.acquire());
  co_return piece_->end();
}

}  // namespace weir::batch
