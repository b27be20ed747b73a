// SPDX-License-Identifier: Apache-2.0
#include "server/schema.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "async/backoff.h"
#include "async/blocking_pool.h"
#include "async/cancelled.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "server/log.h"
#include "server/log/sink.h"
#include "server/postgres/migrations.h"

namespace weir {
namespace {

// The wait for the database: a line when it begins.
class Wait {
 public:
  void tell(log::Fields why) {
    if (!std::exchange(is_told_, true)) log::warning("waiting for the database", why);
  }
  // What a status is silent about, because callers get to see those: the host, Postgres' words.
  log::Sink sink() {
    return [this, log = log::under("postgres")](log::Level level, std::string_view message,
                                                log::Fields fields) {
      if (message == postgres::kCannotConnect) return tell(fields);
      log(level, message, fields);
    };
  }

 private:
  bool is_told_ = false;
};

// What there is to do, once: the number of migrations applied by it.
absl::StatusOr<int> prepare(const config::Config& config, log::Sink log) {
  postgres::Options options = config.postgres;
  options.log = std::move(log);
  if (config.migrate || config.only_migrate) return postgres::migrate(options);
  const absl::Status migrated = postgres::require_migrated(options);
  if (!migrated.ok()) return migrated;
  return 0;
}

Task<absl::Status> prepare_with_patience(const config::Config& config, BlockingPool& thread,
                                         Wait& wait) {
  Backoff backoff(std::chrono::milliseconds(50), std::chrono::seconds(1));
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint began = loop.now();
  const TimePoint latest = saturating_add(began, config.start_timeout);
  for (int attempts = 1;; ++attempts) {
    const auto once = [&config, &wait] { return prepare(config, wait.sink()); };
    absl::StatusOr<int> applied = co_await spawn_blocking(thread, once);
    if (applied.ok()) {
      log::info("schema is ready", {{"migrations_applied", *applied},
                                    {"took_ms", log::milliseconds(loop.now() - began)},
                                    {"attempts", attempts}});
      co_return absl::OkStatus();
    }
    if (!absl::IsUnavailable(applied.status())) co_return applied.status();
    wait.tell({{"reason", applied.status().message()}});
    const Duration pause = backoff.next();
    if (saturating_add(loop.now(), pause) >= latest) {
      co_return absl::UnavailableError(absl::StrCat(
          "the database was not ready within --start-timeout: ", applied.status().message()));
    }
    co_await or_return(co_await sleep(pause));
  }
}

Task<absl::Status> stopped(const CancellationToken& stop) {
  (void)co_await cancelled(stop);
  co_return absl::CancelledError("a signal came before the start was done");
}

}  // namespace

absl::Status prepare_schema(const config::Config& config, const CancellationToken& stop) {
  Wait wait;  // outlives the thread, which may still be trying when a signal ends the wait
  BlockingPool thread("weir-migrate", 1, 1);
  ThreadLoop loop;
  const auto first = loop.run(
      [](const config::Config& with, BlockingPool& on, Wait& telling,
         const CancellationToken& until) -> Task<std::variant<absl::Status, absl::Status>> {
        co_return co_await select(prepare_with_patience(with, on, telling), stopped(until));
      }(config, thread, wait, stop));
  return first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
}

}  // namespace weir
