// SPDX-License-Identifier: Apache-2.0
#pragma once

// Subscription: that a user has, or had, a plan. Knows neither the wire nor the database.

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace weir::subscriptions {

inline constexpr int kMaxPlanCharacters = 100;

struct Subscription {
  std::int64_t id = 0;  // a later subscription has a greater one
  std::int64_t user_id = 0;
  std::string plan;
  bool active = true;
  absl::Time create_time;

  bool operator==(const Subscription&) const = default;
};

}  // namespace weir::subscriptions
