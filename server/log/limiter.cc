// SPDX-License-Identifier: Apache-2.0
#include "server/log/limiter.h"

#include <chrono>

namespace weir::log::detail {

std::optional<std::uint64_t> Limiter::admit(const Place& place, TimePoint now) {
  std::pair<const char*, unsigned> key(place.file, place.line);
  const std::lock_guard lock(mutex_);
  if (places_.size() >= kMaxPlaces && !places_.contains(key)) key = {nullptr, 0};
  Lines& lines = places_[key];
  if (now - lines.second_began >= std::chrono::seconds(1)) {
    lines.second_began = now;
    lines.in_second = 0;
  }
  if (lines.in_second >= per_second_) {
    ++lines.left_out;
    return std::nullopt;
  }
  ++lines.in_second;
  return std::exchange(lines.left_out, 0);
}

}  // namespace weir::log::detail
