// SPDX-License-Identifier: Apache-2.0
#pragma once

// Standby: a pool for a hot standby of the primary, and how far it is behind: what LaggingReads
// chooses by. A standby shows what was committed some time ago. How long ago is bounded:
//
//     while is_recent(), what the standby answers has everything that the primary had answered for
//     `max_lag` ago.
//
// It is found out without a heartbeat in the database and without trusting two machines' clocks. A
// few times per max_lag the primary is asked how far it has written, and the standby how far it has
// replayed; once it has come past a position, it has what was committed before that position was
// asked for. So a standby that nobody can ask, or whose primary nobody can, falls out by itself as
// time passes, and one without writes to replay is not behind.
//
// It is not used either if it is the primary itself (after a promotion), or another cluster's.
//
// Trap: the URL must lead to one standby. Behind a balancer the one that was asked how far it is
// need not be the one that is read.
//
// Thread: any; the destructor ends its thread, and after it nobody may use the pool.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "async/cancellation.h"
#include "async/task.h"
#include "server/log/outage.h"
#include "server/postgres/options.h"
#include "server/postgres/pool.h"

namespace weir::postgres {

struct StandbyOptions {
  std::string url;  // secret; empty: there is none
  Duration max_lag = std::chrono::seconds(1);
};

class Standby {
 public:
  // What is not said of the standby is as for the primary. Connects in the background.
  Standby(const Options& primary, const StandbyOptions& options);
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  // With bounds of its own, the primary's. Reads only.
  Pool& pool() { return pool_; }

  // Cheap: looks at a clock.
  bool is_recent() const {
    return is_trusted_.load(std::memory_order_acquire) && lag() <= max_lag_;
  }
  // At most so old is what the standby shows. Duration::max(): nobody knows yet.
  Duration lag() const;

  // By whom a read was answered. kAfterFailure: the standby was asked and failed.
  enum class Answered : unsigned char { kStandby, kPrimary, kAfterFailure };
  void count(Answered by) { answered_[static_cast<std::size_t>(by)].fetch_add(1, kRelaxed); }
  std::uint64_t answered(Answered by) const {
    return answered_[static_cast<std::size_t>(by)].load(kRelaxed);
  }
  // It was given `time`, and is not asked again before it was found to be well. A conflict with
  // what is replayed, which ends a statement, says nothing about the next, and that it was not done
  // within a few milliseconds says more about the caller.
  void failed(const absl::Status& status, Duration time);

 private:
  struct Position {
    std::int64_t wal = 0;
    std::int64_t cluster = 0;
  };
  struct Sample {
    TimePoint at;          // what was committed before that
    std::int64_t wal = 0;  // lies before this
  };
  static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;

  Task<void> watch();
  Task<absl::Status> measure();
  Task<absl::StatusOr<Position>> written();
  // nullopt: it is no standby of that cluster.
  Task<absl::StatusOr<std::optional<std::int64_t>>> replayed(std::int64_t cluster);
  void tell(const absl::Status& measured);

  const Duration max_lag_;
  const Duration interval_;
  Pool pool_;
  // Of one connection each, which no read keeps waiting.
  Pool ask_primary_;
  Pool ask_standby_;

  std::atomic<Duration::rep> shown_;  // everything up to here, since the clock's epoch
  std::atomic<bool> is_trusted_ = false;
  std::atomic<std::uint64_t> answered_[3] = {};

  // The thread's.
  std::deque<Sample> samples_;
  bool was_told_of_ = false;
  int looks_before_told_ = 0;
  log::Sink log_;
  log::Outage outage_;
  log::Outage::Part is_read_{outage_};

  CancellationToken end_;
  std::thread thread_;
};

}  // namespace weir::postgres
