// SPDX-License-Identifier: Apache-2.0
#include "client/throttle.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/status/details.h"

namespace weir::client {
namespace {

constexpr Duration kHalf = std::chrono::seconds(2);
// One in ten always asks: that is how one learns that the service is back.
constexpr double kMost = 0.9;

}  // namespace

bool Throttle::admit(TimePoint now, std::uint64_t random) {
  if (!options_.enabled) return true;
  const std::lock_guard lock(mutex_);
  turn(now);
  const bool sent = static_cast<double>(random % 1'000'000) >= share() * 1'000'000;
  if (!sent) ++now_.made;  // what is sent counts when its answer is known: many are under way
  return sent;
}

void Throttle::ended(TimePoint now, const absl::Status& status) {
  if (absl::IsCancelled(status)) return;  // its caller gave it up, which says nothing
  const std::lock_guard lock(mutex_);
  turn(now);
  ++now_.made;
  if (!absl::IsUnavailable(status)) ++now_.taken;  // anything else is an answer
}

double Throttle::closed(TimePoint now) {
  const std::lock_guard lock(mutex_);
  turn(now);
  return share();
}

void Throttle::turn(TimePoint now) {
  if (now - turned_ < kHalf) return;
  before_ = now - turned_ < 2 * kHalf ? now_ : Counts();
  now_ = Counts();
  turned_ = now;
}

double Throttle::share() const {
  const auto made = static_cast<double>(before_.made + now_.made);
  const auto taken = static_cast<double>(before_.taken + now_.taken);
  if (made < static_cast<double>(options_.least_calls)) return 0;
  return std::clamp((made - options_.refused_of_taken * taken) / (made + 1), 0.0, kMost);
}

absl::Status throttled() {
  return status::Error(absl::StatusCode::kUnavailable, "THROTTLED",
                       "the service has refused most calls of late, so this one was not sent; try "
                       "again later");
}

}  // namespace weir::client
