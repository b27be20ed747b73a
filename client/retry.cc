// SPDX-License-Identifier: Apache-2.0
#include "client/retry.h"

#include <chrono>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "server/status/details.h"

namespace weir::client {
namespace {

// Longer than any deadline here; also keeps sums of durations from overflowing.
constexpr std::int64_t kLongestMilliseconds = 24LL * 3600 * 1000;

Duration bounded(std::int64_t milliseconds) {
  return std::chrono::milliseconds(std::clamp<std::int64_t>(milliseconds, 0, kLongestMilliseconds));
}

Duration delay_of(const google::rpc::RetryInfo& info) {
  const std::int64_t seconds =
      std::clamp<std::int64_t>(info.retry_delay().seconds(), 0, kLongestMilliseconds / 1000);
  return bounded(seconds * 1000 + info.retry_delay().nanos() / 1'000'000);
}

}  // namespace

Pushback Pushback::parse(absl::string_view value) {
  Pushback pushback;
  pushback.present_ = true;
  std::int64_t milliseconds = 0;
  if (absl::SimpleAtoi(value, &milliseconds) && milliseconds >= 0) {
    pushback.delay_ = bounded(milliseconds);
  }
  return pushback;
}

std::optional<Duration> retry_info_delay(const absl::Status& error) {
  const auto info = status::detail_of<google::rpc::RetryInfo>(error);
  return info ? std::optional(delay_of(*info)) : std::nullopt;
}

std::optional<Duration> retry_delay(const absl::Status& error, const Pushback& pushback,
                                    Repeat repeat) {
  if (!absl::IsUnavailable(error) || pushback.forbids()) return std::nullopt;
  if (pushback.is_present()) return pushback.delay();
  if (repeat == Repeat::kHarmful) return std::nullopt;
  return retry_info_delay(error).value_or(Duration::zero());
}

}  // namespace weir::client
