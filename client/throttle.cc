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
  const double refused = share();
  ++now_.made;
  return static_cast<double>(random % 1'000'000) >= refused * 1'000'000;
}

void Throttle::ended(TimePoint now, const absl::Status& status) {
  // Anything else is an answer. A call that its caller gave up says nothing good.
  if (absl::IsUnavailable(status) || absl::IsCancelled(status)) return;
  const std::lock_guard lock(mutex_);
  turn(now);
  ++now_.taken;
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
