// SPDX-License-Identifier: Apache-2.0
#include "async/rate_limiter.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir {

RateLimiter::RateLimiter(std::size_t units, Duration per, std::size_t burst)
    : units_(units), per_(per), burst_(burst) {
  assert(units > 0 && per > Duration::zero() && burst > 0);
}

Task<absl::Status> RateLimiter::acquire(std::size_t units) {
  if (units > burst_) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("asked for ", units, " units of a bucket that holds ", burst_));
  }
  const Context& context = co_await this_context();
  const EventLoop& loop = context.loop();
  const Permit turn = co_await or_return(co_await turn_.acquire());
  if (context.is_cancelled()) co_return context.status();  // its turn came at the same time
  for (;;) {
    const Duration wait = take(loop.now(), units);
    if (wait == Duration::zero()) co_return absl::OkStatus();
    co_await or_return(co_await sleep(wait));
  }
}

bool RateLimiter::try_acquire(TimePoint now, std::size_t units) {
  // Without the turn: two that try at once are not in each other's way.
  const bool somebody_waits = turn_.available() == 0;
  return !somebody_waits && units <= burst_ && take(now, units) == Duration::zero();
}

void RateLimiter::charge(TimePoint now, std::size_t units) {
  std::lock_guard lock(mutex_);
  const TimePoint latest = now + 2 * time_of(burst_);
  full_at_ = std::min(std::max(full_at_, now) + time_of(std::min(units, 2 * burst_)), latest);
}

std::size_t RateLimiter::available(TimePoint now) const {
  std::lock_guard lock(mutex_);
  const Duration missing = std::max(full_at_, now) - now;
  const auto filled = static_cast<long double>((time_of(burst_) - missing).count());  // or owed
  const long double units =
      filled * static_cast<long double>(units_) / static_cast<long double>(per_.count());
  return std::min(burst_, static_cast<std::size_t>(std::max(units, 0.0L)));
}

std::size_t RateLimiter::waiting() const { return turn_.waiting() + (turn_.available() == 0); }

// Rounded up, so that the rate is never exceeded.
Duration RateLimiter::time_of(std::size_t units) const {
  return Duration(static_cast<Duration::rep>(
      std::ceil(static_cast<long double>(per_.count()) * static_cast<long double>(units) /
                static_cast<long double>(units_))));
}

Duration RateLimiter::take(TimePoint now, std::size_t units) {
  std::lock_guard lock(mutex_);
  const TimePoint full_at = std::max(full_at_, now) + time_of(units);
  const Duration too_early = full_at - now - time_of(burst_);
  if (too_early > Duration::zero()) return too_early;
  full_at_ = full_at;
  return Duration::zero();
}

}  // namespace weir
