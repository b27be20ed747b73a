// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/standby.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/cancelled.h"
#include "async/detail/thread_name.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/thread_loop.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kLooksPerLag = 4;
constexpr Duration kLongestInterval = seconds(1);
// Who does not answer within so long is not well.
constexpr Duration kFairTime = std::chrono::milliseconds(100);
// Those that the standby has not come past. Older ones are forgotten: it is far behind anyway.
constexpr std::size_t kMaxSamples = 1000;
constexpr Duration::rep kNever = std::numeric_limits<Duration::rep>::min();

// Also what is not flushed: where synchronous_commit is off, it may have been answered for.
constexpr Statement kWritten{"wal_written",
                             "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, "
                             "current_setting('wal_block_size')::bigint, "
                             "system_identifier FROM pg_control_system()"};
// The longest header of a block of the log.
constexpr std::int64_t kBlockHeader = 40;

// No row: not a standby of that cluster. A primary that was a standby still has a replayed
// position.
constexpr Statement kReplayed{"wal_replayed",
                              "SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint "
                              "FROM pg_control_system() "
                              "WHERE pg_is_in_recovery() AND system_identifier = $1"};

TimePoint now() { return std::chrono::steady_clock::now(); }

Options for_reading(Options options, const std::string& url) {
  options.url = url;
  options.direct_url.clear();
  options.committed = nullptr;
  options.conflict_retries = 0;                            // the primary has no such conflicts
  options.log = log::errors_only(std::move(options.log));  // `tell` says the rest
  return options;
}

Options for_asking(Options options) {
  options.min_connections = 1;
  options.max_connections = 1;
  options.committed = nullptr;
  options.log = nullptr;
  return options;
}

std::string print(Duration time) {
  return absl::FormatDuration(absl::FromChrono(std::chrono::floor<milliseconds>(time)));
}

Task<void> until(CancellationToken token) { (void)co_await cancelled(std::move(token)); }

}  // namespace

Standby::Standby(const Options& primary, const StandbyOptions& options)
    : max_lag_(options.max_lag),
      interval_(std::min(options.max_lag / kLooksPerLag, kLongestInterval)),
      pool_(for_reading(primary, options.url)),
      ask_primary_(for_asking(primary)),
      ask_standby_(for_asking(for_reading(primary, options.url))),
      shown_(kNever),
      log_(primary.log),
      outage_(log_, {"lists are read from the primary", "lists are read from the standby"}),
      thread_([this] {
        weir::detail::name_this_thread("pg-standby");
        ThreadLoop loop;
        loop.run([](Standby& self) -> Task<void> {
          (void)co_await select(self.watch(), until(self.end_));
        }(*this));
      }) {}

Standby::~Standby() {
  end_.cancel();
  thread_.join();
}

Duration Standby::lag() const {
  const Duration::rep shown = shown_.load(std::memory_order_relaxed);
  return shown == kNever ? Duration::max() : now().time_since_epoch() - Duration(shown);
}

void Standby::failed(const absl::Status& status, Duration time) {
  if (absl::IsAborted(status)) return;
  if (absl::IsDeadlineExceeded(status) && time < kFairTime) return;
  is_trusted_.store(false, std::memory_order_release);
}

Task<void> Standby::watch() {
  for (absl::Status slept; slept.ok();) {
    absl::Status measured = co_await measure();
    if (measured.ok() && pool_.stats().connected == 0) {
      measured = absl::UnavailableError("there is no connection to it");
    }
    is_trusted_.store(measured.ok(), std::memory_order_release);
    tell(measured);
    slept = co_await sleep(interval_);
  }
}

Task<absl::Status> Standby::measure() {
  const TimePoint asked = now();
  const Position position = co_await or_return(written());
  // A log that got shorter is another primary's, who may lack what the first had written.
  if (!samples_.empty() && position.wal < samples_.back().wal) samples_.clear();
  samples_.push_back({asked, position.wal});
  if (samples_.size() > kMaxSamples) samples_.pop_front();
  const std::optional<std::int64_t> wal = co_await or_return(replayed(position.cluster));
  if (!wal) co_return absl::FailedPreconditionError("it is not a standby of the primary");
  while (!samples_.empty() && samples_.front().wal <= *wal) {
    shown_.store(samples_.front().at.time_since_epoch().count(), std::memory_order_relaxed);
    samples_.pop_front();
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Standby::Position>> Standby::written() {
  auto ask = [](Transaction& db) -> absl::StatusOr<Position> {
    const Row row = db.run(kWritten)[0];
    std::int64_t wal = row.int64(0);
    // The next record would begin behind a header, but a standby that has replayed all there is
    // stands before it, and stays there while nobody writes.
    if (const std::int64_t in_block = wal % row.int64(1); in_block <= kBlockHeader) wal -= in_block;
    return Position{wal, row.int64(2)};
  };
  co_return co_await ask_primary_.query(std::move(ask));
}

Task<absl::StatusOr<std::optional<std::int64_t>>> Standby::replayed(std::int64_t cluster) {
  auto ask = [cluster](Transaction& db) -> absl::StatusOr<std::optional<std::int64_t>> {
    const Rows rows = db.run(kReplayed, cluster);
    if (rows.empty()) return std::nullopt;
    return rows[0].int64(0);
  };
  co_return co_await ask_standby_.query(std::move(ask));
}

void Standby::tell(const absl::Status& measured) {
  if (is_recent()) {
    if (!std::exchange(was_told_of_, true) && log_) {
      log_(log::Level::kInfo, "lists are read from the standby", {});
    }
    return is_read_.works();
  }
  // That it does not know yet, at the start, is no news.
  if (!was_told_of_ && ++looks_before_told_ <= kLooksPerLag) return;
  was_told_of_ = true;
  if (!measured.ok()) {
    is_read_.failed(absl::StrCat("the standby's lag is not known: ", measured.message()));
  } else {
    is_read_.failed(absl::StrCat("the standby is behind by ",
                                 lag() == Duration::max() ? "more than is known" : print(lag())));
  }
}

}  // namespace weir::postgres
