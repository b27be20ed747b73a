// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a pool counts while it works. Thread: any.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "telemetry/cells.h"

namespace weir::postgres {

// Why attempts at jobs fail, as far as a metric tells them apart.
enum class Failure : unsigned char {
  kLockTimeout,
  kStopped,  // statement_timeout, or its caller was told to stop
  kDeadlock,
  kSerialization,
  kConstraint,
  kConnection,
  kOther,
};
inline constexpr std::size_t kFailures = 7;
const char* name_of(Failure failure);
// By the SQLSTATE; empty: no answer came.
Failure failure_of(std::string_view sqlstate);

struct StatementCells {
  telemetry::SharedHistogram time{telemetry::kLatencyBounds};
  telemetry::SharedCell failures;
};

namespace detail {

// Times by the name of the statement. There are as many names as there are in the program.
class StatementTimes {
 public:
  // Lives as long as this.
  StatementCells& of(const char* name);
  template <class F>
  void for_each(F visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, cells] : by_name_) visit(name, *cells);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<StatementCells>, std::less<>> by_name_;
};

}  // namespace detail

struct Counters {
  using Counter = std::atomic<std::uint64_t>;
  Counter jobs = 0;
  Counter statements = 0;
  Counter retries = 0;
  Counter cancels = 0;
  Counter cuts = 0;
  Counter connects = 0;
  Counter connect_failures = 0;
  Counter rejected = 0;
  Counter timed_out = 0;

  telemetry::SharedHistogram queue_time{telemetry::kLatencyBounds};  // of jobs that began
  telemetry::SharedHistogram job_time{telemetry::kLatencyBounds};    // a connection's in use
  telemetry::SharedHistogram batch_size{telemetry::kSizeBounds};     // keys of a Loader's statement
  std::array<telemetry::SharedCell, kFailures> failures;
  detail::StatementTimes by_statement;

  void count_failure(Failure failure) { failures[static_cast<std::size_t>(failure)].add(); }
};

namespace detail {

using postgres::Counters;

inline void count(Counters::Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace detail
}  // namespace weir::postgres
