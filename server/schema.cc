// SPDX-License-Identifier: Apache-2.0
#include "server/schema.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "async/backoff.h"
#include "async/blocking_pool.h"
#include "async/cancelled.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "server/log.h"
#include "server/postgres/migrations.h"

namespace weir {
namespace {

// What there is to do, once: the number of migrations applied by it.
absl::StatusOr<int> prepare(const config::Config& config) {
  postgres::Options options = config.postgres;
  // What the status is silent about, because callers get to see those: the host, Postgres' words.
  options.log = [](std::string_view message) {
    log::warning("postgres", {{"message", std::string(message)}});
  };
  if (config.migrate || config.only_migrate) return postgres::migrate(options);
  const absl::Status migrated = postgres::require_migrated(options);
  if (!migrated.ok()) return migrated;
  return 0;
}

Task<absl::Status> prepare_with_patience(const config::Config& config, BlockingPool& thread) {
  Backoff backoff(std::chrono::milliseconds(50), std::chrono::seconds(1));
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint latest = saturating_add(loop.now(), config.start_timeout);
  for (;;) {
    const auto once = [&config] { return prepare(config); };
    absl::StatusOr<int> applied = co_await spawn_blocking(thread, once);
    if (applied.ok()) {
      log::info("schema is ready", {{"migrations_applied", absl::StrCat(*applied)}});
      co_return absl::OkStatus();
    }
    if (!absl::IsUnavailable(applied.status())) co_return applied.status();
    log::warning("waiting for the database", {{"reason", std::string(applied.status().message())}});
    const Duration pause = backoff.next();
    if (saturating_add(loop.now(), pause) >= latest) {
      co_return absl::UnavailableError("the database was not ready within --start-timeout");
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
  BlockingPool thread("weir-migrate", 1, 1);
  ThreadLoop loop;
  const auto first = loop.run(
      [](const config::Config& with, BlockingPool& on,
         const CancellationToken& until) -> Task<std::variant<absl::Status, absl::Status>> {
        co_return co_await select(prepare_with_patience(with, on), stopped(until));
      }(config, thread, stop));
  return first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
}

}  // namespace weir
