// SPDX-License-Identifier: Apache-2.0
#pragma once

// hedged: a second try of a read that takes long, while the first goes on; the first answer that is
// not UNAVAILABLE counts, the other is cancelled. Tokio: tower::hedge.
//
// It cuts off the tail that one slow replica makes, for a few calls more: those that take longer
// than `after`, and never more than the retry budget allows, which both share: a service that is
// slow because there is too much to do must not get twice as much.
//
// Trap: for reads only. gRPC's own hedging is not implemented in its C++ (gRFC A6).
// Thread: the loop's own. Knows no gRPC call, so it is tested in virtual time.

#include <utility>

#include "absl/status/statusor.h"
#include "async/join_set.h"
#include "async/sleep.h"
#include "async/task.h"
#include "client/retry.h"
#include "client/retry_budget.h"

namespace weir::client {
namespace detail {

template <class T>
struct Try {
  Try(bool second, absl::StatusOr<T> got, Pushback said)
      : is_second(second), result(std::move(got)), pushback(std::move(said)) {}

  bool is_second;
  absl::StatusOr<T> result;
  Pushback pushback;
};

template <class T, class Attempt>
Task<Try<T>> first_try(Attempt& attempt) {
  Pushback pushback;
  absl::StatusOr<T> result = co_await attempt(pushback);
  co_return Try<T>(false, std::move(result), std::move(pushback));
}

// `began` tells whether it came to one.
template <class T, class Attempt>
Task<Try<T>> second_try(Duration after, RetryBudget& budget, Attempt& attempt, bool& began) {
  Pushback pushback;
  const absl::Status slept = co_await sleep(after);
  absl::StatusOr<T> result = absl::UnavailableError("no second try");
  began = slept.ok() && budget.withdraw();
  if (began) result = co_await attempt(pushback);
  co_return Try<T>(true, std::move(result), std::move(pushback));
}

}  // namespace detail

// `attempt` as with_retries has it; `pushback` is of the try whose error is returned.
template <class T, class Attempt>
Task<absl::StatusOr<T>> hedged(Duration after, RetryBudget& budget, Attempt& attempt,
                               Pushback& pushback) {
  CurrentTask& self = co_await this_task();
  bool began_second = false;
  JoinSet<detail::Try<T>> tries(self);
  tries.spawn(detail::first_try<T>(attempt));
  tries.spawn(detail::second_try<T>(after, budget, attempt, began_second));
  absl::StatusOr<T> answer = absl::UnavailableError("no try has ended");
  bool is_decided = false;
  int to_come = 2;
  while (auto ended = co_await tries.join_next()) {
    --to_come;
    if (is_decided || (ended->is_second && !began_second)) continue;
    answer = std::move(ended->result);
    pushback = std::move(ended->pushback);
    // An answer, an error that the other would meet too, or there is no other.
    const bool other_may_do = to_come > 0 && (ended->is_second || began_second);
    is_decided = answer.ok() || !absl::IsUnavailable(answer.status()) || !other_may_do;
    if (is_decided) tries.abort_all();
  }
  co_return answer;
}

}  // namespace weir::client
