// SPDX-License-Identifier: Apache-2.0
#pragma once

// AttemptLimiter: how often passwords may be tried on one e-mail address, whoever tries.
//
// The count is shared by all replicas, in Redis; while Redis cannot be asked each replica counts
// for itself, so that an outage loosens the limit to one per replica, and never lifts it. Redis
// sees a keyed hash of the address. Known and unknown addresses are limited alike, so the limit
// says nothing about which exist; and a success does not pay an attempt back, or one would be free
// with each.
//
// Both counts are a GCRA (a token bucket that stores one number: when the bucket will be full):
// `attempts` at once, then one more each `window / attempts`.
//
// Thread: any.

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "async/task.h"
#include "async/time.h"
#include "server/api/keyed_hash.h"
#include "server/redis/client.h"

namespace weir::users {

struct AttemptLimit {
  int attempts = 10;
  Duration window = std::chrono::minutes(1);

  Duration interval() const { return window / attempts; }
};

// The count of one process. Its memory is bounded: beyond `max_tracked` busy subjects one is
// forgotten for each that is new.
class LocalAttempts {
 public:
  explicit LocalAttempts(AttemptLimit limit, std::size_t max_tracked = 100'000)
      : limit_(limit), max_tracked_(max_tracked) {}

  // Zero: it may, and has been counted. Otherwise how long to wait.
  Duration try_once(std::uint64_t subject, TimePoint now);

  std::size_t tracked() const;

 private:
  void make_room(TimePoint now);

  const AttemptLimit limit_;
  const std::size_t max_tracked_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::uint64_t, TimePoint> full_at_;
  TimePoint next_sweep_ = TimePoint::min();
};

class AttemptLimiter {
 public:
  // `redis` may be null: then each replica counts for itself.
  AttemptLimiter(redis::Client* redis, absl::string_view secret, AttemptLimit limit);

  // Counts an attempt on `email`, in lower case. RESOURCE_EXHAUSTED with RetryInfo and QuotaFailure
  // if there have been too many.
  Task<absl::Status> admit(absl::string_view email);

 private:
  Task<absl::StatusOr<Duration>> ask_redis(api::KeyedHash::Digest subject);

  redis::Client* const redis_;
  const api::KeyedHash hash_;
  const AttemptLimit limit_;
  redis::Script script_;
  LocalAttempts local_;
};

}  // namespace weir::users
