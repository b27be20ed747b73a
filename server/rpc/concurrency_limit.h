// SPDX-License-Identifier: Apache-2.0
#pragma once

// ConcurrencyLimit: how many calls of one method may be in progress, found out from how long they
// take. Tokio: the tower-limit of linkerd and the crate `congestion-limiter`; after Netflix'
// concurrency-limits (Gradient2), Envoy's adaptive concurrency and BBR.
//
// It knows what a call takes when nothing is in its way (`usual`). Ten times a second it holds the
// mean of what calls took against it: as long as that is within half as much again and `slack`, the
// limit grows by a third of its square root (until it has shrunk for the first time it doubles), if
// it was needed or is below what it began with; beyond, it shrinks in proportion, to half at most.
// So it ends a little above the point where more calls at once only make all of them slower.
//
// The usual follows the mean, slowly, while the limit is far from being reached and all is well.
// While it is reached for long, nobody knows any more what is usual; so every `probe`, or every ten
// times the usual if that is longer, it is a quarter: for a look, in which the calls of before end,
// and then until some have ended that began after it. What those took is the usual.
//
// `slack` keeps what is fast from being refused for being late by what nobody minds: refusing a
// call costs nearly as much as serving it from a cache, and on a machine that others use as well,
// 60 ms in the place of 0.3 are no overload. `first` is generous, so that a moment in which nothing
// moves (a database that checkpoints, a neighbour on the machine) refuses nobody. Thread: the
// loop's own, but for reading.

#include <atomic>
#include <cstddef>

#include "async/time.h"

namespace weir::rpc {

struct LimitOptions {
  bool adaptive = true;  // off: `most`
  std::size_t first = 1000;
  std::size_t least = 4;
  std::size_t most = 20'000;
  Duration slack = std::chrono::milliseconds(100);
  Duration probe = std::chrono::seconds(10);
};

class ConcurrencyLimit {
 public:
  explicit ConcurrencyLimit(const LimitOptions& options)
      : options_(options),
        exact_(static_cast<double>(options.adaptive ? options.first : options.most)),
        limit_(options.adaptive ? options.first : options.most) {}

  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  // Zero until it is known.
  Duration usual() const { return usual_.load(std::memory_order_relaxed); }

  // A call has begun; with it there are so many.
  void began(std::size_t in_progress) {
    if (in_progress > peak_) peak_ = in_progress;
  }
  // One has ended that did its work; without it there are so many.
  void ended(Duration took, std::size_t in_progress, TimePoint now) {
    if (now - took < counts_from_) return;
    took_ += took;
    ++ended_;
    if (now >= next_look_) look(in_progress, now);
  }

 private:
  enum class Probe : unsigned char { kNone, kEmptying, kMeasuring };

  void look(std::size_t in_progress, TimePoint now);
  void learn_usual(Duration mean, TimePoint now);
  void adapt(Duration mean);
  bool is_probing(Duration mean, TimePoint now);
  Duration allowed() const;
  void set(double limit);

  const LimitOptions options_;
  double exact_;  // a small limit grows by less than one at a look
  std::atomic<std::size_t> limit_;
  std::atomic<Duration> usual_{Duration::zero()};
  bool is_starting_ = true;  // has never shrunk

  // Since the last look.
  std::size_t peak_ = 0;
  std::size_t ended_ = 0;
  Duration took_{};
  TimePoint last_look_{};
  TimePoint next_look_{};

  TimePoint counts_from_ = TimePoint::min();  // calls that began before it say nothing
  Probe probe_ = Probe::kNone;
  TimePoint usual_known_at_{};
};

}  // namespace weir::rpc
