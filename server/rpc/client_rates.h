// SPDX-License-Identifier: Apache-2.0
#pragma once

// ClientRates: so many calls a second of each client, and a burst. Tokio: tower_governor.
//
// A token bucket for each client that calls; those that are full are forgotten when there are many,
// for a new one is full too. What is counted is what the client is (client_identity.h), on all
// loops together. Thread: any.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "async/rate_limiter.h"
#include "async/time.h"

namespace weir::rpc {

struct ClientRateOptions {
  std::size_t per_second = 0;  // 0: any
  std::size_t burst = 100;
};

class ClientRates {
 public:
  // Beyond so many clients that are over their rate at once, further ones go uncounted.
  static constexpr std::size_t kMostClients = 10'000;

  explicit ClientRates(const ClientRateOptions& options) : options_(options) {}

  bool is_on() const { return options_.per_second != 0; }
  // Whether `client` may make another call.
  bool take(const std::string& client, TimePoint now);
  // When its next one will be possible.
  Duration spacing() const { return std::chrono::seconds(1) / options_.per_second; }

  std::size_t clients() const;

 private:
  void forget_idle(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ClientRateOptions options_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<RateLimiter>> buckets_ ABSL_GUARDED_BY(mutex_);
  TimePoint next_forget_ ABSL_GUARDED_BY(mutex_) = TimePoint::min();
};

}  // namespace weir::rpc
