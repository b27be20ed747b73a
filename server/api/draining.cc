// SPDX-License-Identifier: Apache-2.0
#include "server/api/draining.h"

#include <utility>
#include <variant>

#include "async/cancelled.h"
#include "async/or_return.h"
#include "async/select.h"
#include "server/status/details.h"

namespace weir::api {
namespace {

constexpr Duration kRetryAfter = std::chrono::milliseconds(100);

Task<absl::Status> until_cancelled(CancellationToken token) {
  co_return co_await cancelled(std::move(token));
}

}  // namespace

Task<absl::Status> until_draining(CancellationToken draining, Task<absl::Status> stream) {
  auto first = co_await select(until_cancelled(std::move(draining)), std::move(stream));
  if (first.index() == 1) co_return std::get<1>(std::move(first));
  co_await or_return(std::get<0>(std::move(first)));
  co_return status::Error(absl::StatusCode::kUnavailable, "DRAINING",
                          "this server is shutting down; go on where you were, on another one")
      .retry_after(kRetryAfter);
}

}  // namespace weir::api
