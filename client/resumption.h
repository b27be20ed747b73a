// SPDX-License-Identifier: Apache-2.0
#pragma once

// with_resumption: a stream that is meant to last, begun again whenever it ends for a reason that
// passes: the server went away, its connection was of age, the reader was too slow. Tokio: a loop
// around tonic's Streaming with backoff.
//
// Until something was received it gives up after as many attempts as a call; from then on only
// when the server says that going on is of no use, or the task is cancelled. The wait between
// attempts is exponential with full jitter, on top of what RetryInfo asks for.
//
// Thread: the loop's own.

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "async/backoff.h"
#include "async/sleep.h"
#include "async/task.h"
#include "client/channel_options.h"

namespace weir::client {

// How long to wait at least before a stream that ended with `error` is begun again; nullopt: do
// not.
std::optional<Duration> resumption_delay(const absl::Status& error);

// `attempt` is called as attempt(bool& received) -> Task<absl::Status>, and sets `received` when
// the first message came; OK ends it all. `interrupted` may be null.
template <class Attempt>
Task<absl::Status> with_resumption(const RetryOptions& options,
                                   const std::function<void(const absl::Status&)>& interrupted,
                                   Attempt attempt) {
  const Context& context = co_await this_context();
  Backoff backoff(options.initial_backoff, options.max_backoff);
  bool has_ever_received = false;
  for (int failures = 1;; ++failures) {
    bool received = false;
    absl::Status ended = co_await attempt(received);
    if (ended.ok() || context.is_cancelled()) co_return ended;
    if (received) {
      has_ever_received = true;
      failures = 1;
      backoff.reset();
    }
    const std::optional<Duration> delay = resumption_delay(ended);
    if (!delay || (!has_ever_received && failures >= options.max_attempts)) co_return ended;
    if (failures == 1 && interrupted) interrupted(ended);
    const absl::Status slept = co_await sleep(*delay + backoff.next());
    if (!slept.ok()) co_return slept;
  }
}

}  // namespace weir::client
