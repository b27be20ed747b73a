// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counters and histograms that the hot path can afford: plain numbers in relaxed atomics, which a
// scrape reads when it comes. Rust: the metrics crate's atomic cells, one set a thread.
//
//     telemetry::Histogram duration{telemetry::kLatencyBounds};
//     duration.add(now - began);
//
// Trap: Cell and Histogram have one writer, whose thread owns them, so that adding is a load and a
// store; SharedCell and SharedHistogram may be written by any thread, for a locked instruction
// each. Reading is any thread's, and not a snapshot: sums may be a moment ahead of counts.

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "async/time.h"

namespace weir::telemetry {

// One writer.
class Cell {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class SharedCell {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

namespace detail {

inline constexpr std::int64_t kMicro = 1'000;
inline constexpr std::int64_t kMilli = 1'000'000;

inline constexpr std::int64_t kLatencyNanoseconds[] = {
    50 * kMicro,  100 * kMicro,  250 * kMicro,  500 * kMicro,  1 * kMilli,    2'500 * kMicro,
    5 * kMilli,   10 * kMilli,   25 * kMilli,   50 * kMilli,   100 * kMilli,  250 * kMilli,
    500 * kMilli, 1000 * kMilli, 2500 * kMilli, 5000 * kMilli, 10000 * kMilli};
inline constexpr std::int64_t kSizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

}  // namespace detail

// Upper bounds of buckets, inclusive, and how many of their unit make one of what is exported.
struct Bounds {
  std::span<const std::int64_t> upper;
  double per_unit;
};
// 50 us to 10 s: most calls of this service take less than a millisecond.
inline constexpr Bounds kLatencyBounds{detail::kLatencyNanoseconds, 1e9};
inline constexpr Bounds kSizeBounds{detail::kSizes, 1};

template <class AnyCell>
class BasicHistogram {
 public:
  static constexpr std::size_t kMaxBuckets = 18;  // the one above all bounds included

  explicit BasicHistogram(const Bounds& bounds) : bounds_(bounds) {
    assert(bounds.upper.size() < kMaxBuckets);
  }

  void add(std::int64_t value) {
    std::size_t bucket = 0;
    while (bucket < bounds_.upper.size() && value > bounds_.upper[bucket]) ++bucket;
    buckets_[bucket].add();
    sum_.add(value > 0 ? static_cast<std::uint64_t>(value) : 0);
  }
  void add(Duration time) { add(std::int64_t{time.count()}); }

  // What another of the same bounds has counted so far, as well.
  template <class Other>
  void add_all_of(const BasicHistogram<Other>& other) {
    for (std::size_t i = 0; i < kMaxBuckets; ++i) buckets_[i].add(other.bucket(i));
    sum_.add(other.sum());
  }

  const Bounds& bounds() const { return bounds_; }
  // Of the bucket alone, not of all up to it.
  std::uint64_t bucket(std::size_t i) const { return buckets_[i].read(); }
  std::uint64_t sum() const { return sum_.read(); }

 private:
  const Bounds& bounds_;  // a constant of the program
  std::array<AnyCell, kMaxBuckets> buckets_;
  AnyCell sum_;
};

using Histogram = BasicHistogram<Cell>;
using SharedHistogram = BasicHistogram<SharedCell>;

}  // namespace weir::telemetry
