// SPDX-License-Identifier: Apache-2.0
#pragma once

// patiently: tries again what the database could not do, for as long as that may pass: a restart, a
// failover, a lock that is held. Tokio: tokio_retry::RetryIf.
//
//     co_return co_await patiently(limit, [&] { return repository.add(piece); });
//
// Trap: only for what may be repeated when it is not known whether it took effect. The attempt must
// own or outlive what it uses; name it first (g++ 12).

#include <chrono>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "async/backoff.h"
#include "async/sleep.h"
#include "async/task.h"

namespace weir::batch {

// Whether the same may succeed later without anybody changing it. Errors of the domain say what is
// wrong with the request, and so never pass, ABORTED for an etag included.
bool can_pass(const absl::Status& status);

template <class Attempt>
std::invoke_result_t<Attempt&> patiently(Duration limit, Attempt attempt) {
  Backoff backoff(std::chrono::milliseconds(20), std::chrono::seconds(1));
  const Context& context = co_await this_context();
  const TimePoint end = saturating_add(context.loop().now(), limit);
  for (;;) {
    auto result = co_await attempt();
    const absl::Status& status = weir::detail::status_of(result);
    // A limit of the database's, unless it is the caller who has no time left.
    const bool took_too_long = absl::IsDeadlineExceeded(status) && !context.is_cancelled();
    if ((!can_pass(status) && !took_too_long) || context.loop().now() >= end) co_return result;
    const absl::Status slept = co_await sleep(backoff.next());
    if (!slept.ok()) co_return result;
  }
}

}  // namespace weir::batch
