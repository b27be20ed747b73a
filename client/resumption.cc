// SPDX-License-Identifier: Apache-2.0
#include "client/resumption.h"

#include "server/status/details.h"

namespace weir::client {

std::optional<Duration> resumption_delay(const absl::Status& error) {
  // A connection that ends in the middle of a stream may show as CANCELLED, which the server never
  // says of its own accord.
  if (absl::IsCancelled(error)) return Duration::zero();
  // A reader that fell off because it was slow is told when it may come back.
  if (const std::optional<Duration> asked = status::retry_after(error)) return asked;
  return absl::IsUnavailable(error) ? std::optional(Duration::zero()) : std::nullopt;
}

}  // namespace weir::client
