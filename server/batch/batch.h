// SPDX-License-Identifier: Apache-2.0
#pragma once

// Batch: what a durable batch is to this service. Knows neither the wire nor the database.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace weir::batch {

enum class State : unsigned char { kPending, kRunning, kSucceeded, kPartiallyFailed, kCancelled };

struct Batch {
  std::int64_t id = 0;
  State state = State::kPending;
  std::int64_t total = 0;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  absl::Time create_time;
  std::optional<absl::Time> end_time;

  bool has_ended() const { return end_time.has_value(); }
  bool operator==(const Batch&) const = default;
};

// What became of one item.
struct ItemResult {
  std::int64_t id = 0;  // its position in the batch
  std::string item_id;
  std::string result;  // a serialized BatchResult; empty: it was cancelled before it was done
};

}  // namespace weir::batch
