// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/concurrency_limit.h"

#include <algorithm>
#include <cmath>

namespace weir::rpc {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr Duration kLongestLook = std::chrono::seconds(1);
// Fewer say little; but what takes seconds must not wait for them.
constexpr std::size_t kEnoughCalls = 10;
constexpr double kTolerance = 1.5;   // times the usual
constexpr double kMostShrunk = 0.5;  // of a limit, at one look
constexpr std::size_t kProbe = 4;    // times fewer
constexpr double kFollow = 0.02;     // of the way to a usual that is longer, at one look

double nanoseconds(Duration time) { return static_cast<double>(time.count()); }

}  // namespace

void ConcurrencyLimit::look(std::size_t in_progress, TimePoint now) {
  if (last_look_ == TimePoint{}) last_look_ = now;
  // The first calls are those that nothing is in the way of: a usual as soon as there can be one.
  const bool knows = usual() != Duration::zero();
  if (ended_ < kEnoughCalls && now - last_look_ < kLongestLook) return;
  const Duration mean = took_ / static_cast<Duration::rep>(ended_);
  if (!knows) {
    usual_.store(mean, std::memory_order_relaxed);
    usual_known_at_ = now;
  } else if (options_.adaptive && !is_probing(mean, now)) {
    learn_usual(mean, now);
    adapt(mean);
  }
  last_look_ = now;
  next_look_ = now + kLook;
  peak_ = in_progress;
  ended_ = 0;
  took_ = Duration::zero();
}

void ConcurrencyLimit::learn_usual(Duration mean, TimePoint now) {
  const Duration known = usual();
  if (mean <= known) {
    usual_.store(mean, std::memory_order_relaxed);
    usual_known_at_ = now;
  } else if (peak_ <= options_.least || (mean <= allowed() && peak_ < limit() / 4)) {
    usual_.store(known + std::chrono::duration_cast<Duration>((mean - known) * kFollow),
                 std::memory_order_relaxed);
    usual_known_at_ = now;
  }
}

bool ConcurrencyLimit::is_probing(Duration mean, TimePoint now) {
  switch (probe_) {
    case Probe::kNone:
      if (peak_ < limit() || now - usual_known_at_ < std::max(options_.probe, 10 * usual())) {
        return false;
      }
      limit_.store(std::max<std::size_t>(1, limit() / kProbe), std::memory_order_relaxed);
      probe_ = Probe::kEmptying;
      return true;
    case Probe::kEmptying:  // these calls began before
      probe_ = Probe::kMeasuring;
      counts_from_ = now;
      return true;
    case Probe::kMeasuring:
      usual_.store(mean, std::memory_order_relaxed);
      usual_known_at_ = now;
      counts_from_ = TimePoint::min();
      set(exact_);
      probe_ = Probe::kNone;
      return true;
  }
  return false;
}

void ConcurrencyLimit::adapt(Duration mean) {
  const double gradient = std::clamp(nanoseconds(allowed()) / nanoseconds(mean), kMostShrunk, 1.0);
  if (gradient < 1) {
    is_starting_ = false;
  } else if (peak_ < limit() / 2 && limit() >= options_.first) {
    return;  // nobody needs more
  }
  // Until it has shrunk for the first time nobody knows how large it may be: it doubles.
  const double room = is_starting_ ? exact_ : std::sqrt(exact_) / 3;
  set(exact_ * gradient + room);
}

Duration ConcurrencyLimit::allowed() const {
  return std::chrono::duration_cast<Duration>(usual() * kTolerance) + options_.slack;
}

void ConcurrencyLimit::set(double limit) {
  exact_ =
      std::clamp(limit, static_cast<double>(options_.least), static_cast<double>(options_.most));
  limit_.store(static_cast<std::size_t>(exact_), std::memory_order_relaxed);
}

}  // namespace weir::rpc
