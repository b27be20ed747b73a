// SPDX-License-Identifier: Apache-2.0
#include "client/retry.h"

#include <chrono>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "server/status/details.h"

namespace weir::client {
namespace {

// A day, longer than any deadline here: sums of durations must not overflow.
constexpr std::int64_t kLongestMilliseconds = 24LL * 3600 * 1000;

}  // namespace

Pushback Pushback::parse(absl::string_view value) {
  Pushback pushback;
  pushback.present_ = true;
  std::int64_t milliseconds = 0;
  if (absl::SimpleAtoi(value, &milliseconds) && milliseconds >= 0) {
    pushback.delay_ = std::chrono::milliseconds(std::min(milliseconds, kLongestMilliseconds));
  }
  return pushback;
}

std::optional<Duration> retry_delay(const absl::Status& error, const Pushback& pushback,
                                    Repeat repeat) {
  if (!absl::IsUnavailable(error) || pushback.forbids()) return std::nullopt;
  if (pushback.is_present()) return pushback.delay();
  if (repeat == Repeat::kHarmful) return std::nullopt;
  return status::retry_after(error).value_or(Duration::zero());
}

}  // namespace weir::client
