// SPDX-License-Identifier: Apache-2.0
#pragma once

// Throttle: a circuit breaker that does not flap: while a service refuses most calls, most calls
// are not even sent to it. Tokio: failsafe, tower's circuit breakers.
//
// Of the last seconds it knows how many calls have ended and how many of them the service took
// on, whatever came of it. As long as it took on half, all are sent; beyond that the share of calls
// that fail here, at once, is (made - 2 * taken) / (made + 1) (Google's SRE book, chapter 21). What
// fails here counts as made, so the service is asked the less the longer it refuses, down to a
// tenth.
//
// One per Channel, for all its endpoints together: round_robin leaves out the ones that are down,
// and EjectionOptions (client/channel_options.h) those that fail. Thread: any.

#include <cstdint>
#include <mutex>

#include "absl/status/status.h"
#include "async/time.h"

namespace weir::client {

struct ThrottleOptions {
  bool enabled = true;
  double refused_of_taken = 2;  // so many calls made for each that was taken on are sent all
  // Fewer calls than this say nothing about the service.
  std::uint64_t least_calls = 20;
};

class Throttle {
 public:
  explicit Throttle(const ThrottleOptions& options) : options_(options) {}

  // Whether to send a call. `random`: any number.
  [[nodiscard]] bool admit(TimePoint now, std::uint64_t random);
  // What became of one that was sent.
  void ended(TimePoint now, const absl::Status& status);

  // The share of calls that fail here.
  double closed(TimePoint now);

 private:
  struct Counts {
    std::uint64_t made = 0;
    std::uint64_t taken = 0;
  };

  void turn(TimePoint now);
  double share() const;

  const ThrottleOptions options_;
  std::mutex mutex_;
  Counts before_;  // of the last two seconds that are over
  Counts now_;     // since
  TimePoint turned_{};
};

// UNAVAILABLE: the service was not asked.
absl::Status throttled();

}  // namespace weir::client
