// SPDX-License-Identifier: Apache-2.0
#pragma once

// with_retries: tries a call again where that can help and can do no harm. Tokio: tower::retry.
//
// Only UNAVAILABLE is retried [AIP-194]: "this replica cannot now". A call that must not happen
// twice is retried only when the server says with grpc-retry-pushback-ms that it refused it
// unbegun. The wait is exponential with full jitter, on top of what the server asked for (pushback
// or RetryInfo). No retry begins that the deadline would cut, or that the budget has nothing left
// for.
//
// gRPC's own retry policies stay off: their per-attempt timeout races with the call's end
// (grpc#39935), they have no jitter on pushback, and they know neither Context nor budget.
//
// Thread: the loop's own. Knows no gRPC call, so it is tested in virtual time.

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "async/backoff.h"
#include "async/sleep.h"
#include "async/task.h"
#include "client/channel_options.h"
#include "client/retry_budget.h"

namespace weir::client {

enum class Repeat : unsigned char {
  kRead,      // even while the first goes on: client/hedge.h
  kHarmless,  // what the server recognizes as a repetition (request_id)
  kHarmful,   // the second time would be another change, or fail because the first succeeded
};

// What the trailer grpc-retry-pushback-ms said.
class Pushback {
 public:
  // It was not there.
  Pushback() = default;
  // gRFC A6: a value that is negative, or no number, means "do not retry".
  static Pushback parse(absl::string_view value);

  bool is_present() const { return present_; }
  bool forbids() const { return present_ && !delay_; }
  const std::optional<Duration>& delay() const { return delay_; }

 private:
  bool present_ = false;
  std::optional<Duration> delay_;
};

// How long to wait at least before a call that ended with `error` is made again; nullopt: do not.
std::optional<Duration> retry_delay(const absl::Status& error, const Pushback& pushback,
                                    Repeat repeat);

// `attempt` is called as attempt(Pushback&) -> Task<absl::StatusOr<T>>, and once more for each
// retry.
template <class T, class Attempt>
Task<absl::StatusOr<T>> with_retries(const RetryOptions& options, RetryBudget& budget,
                                     Repeat repeat, Attempt attempt) {
  const Context& context = co_await this_context();
  std::optional<Backoff> backoff;  // seeded at the first retry: seeding costs a system call
  budget.deposit();
  for (int attempts = 1;; ++attempts) {
    Pushback pushback;
    absl::StatusOr<T> result = co_await attempt(pushback);
    if (result.ok() || attempts >= options.max_attempts) co_return result;
    const std::optional<Duration> asked = retry_delay(result.status(), pushback, repeat);
    if (!asked) co_return result;
    if (!backoff) backoff.emplace(options.initial_backoff, options.max_backoff);
    const Duration delay = *asked + backoff->next();
    if (delay >= context.remaining() || !budget.withdraw()) co_return result;
    const absl::Status slept = co_await sleep(delay);
    if (!slept.ok()) co_return slept;
  }
}

}  // namespace weir::client
