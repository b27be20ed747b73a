// SPDX-License-Identifier: Apache-2.0
// weir-server, from top to bottom: configuration, pools, services, server, drain.

#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "async/cancelled.h"
#include "async/lost_error.h"
#include "async/signals.h"
#include "async/thread_loop.h"
#include "server/admin/admin_server.h"
#include "server/admin/dashboard.h"
#include "server/admin/log_level.h"
#include "server/admin/probes.h"
#include "server/admin/tasks.h"
#include "server/backends.h"
#include "server/batch/batches.h"
#include "server/config/config.h"
#include "server/dashboard/dashboards.h"
#include "server/log.h"
#include "server/log/take_over.h"
#include "server/metrics.h"
#include "server/process_limits.h"
#include "server/routes.h"
#include "server/rpc/server.h"
#include "server/schema.h"
#include "server/shutdown.h"
#include "server/telemetry/traces.h"
#include "server/users/user_feed.h"
#include "server/users/users.h"

namespace weir {
namespace {

Task<rpc::DrainReport> serve_until_signal(const Signals& signals, rpc::DrainTarget& target,
                                          rpc::DrainLimits limits) {
  (void)co_await cancelled(signals.stop());
  co_return co_await drain(target, limits, signals.hurry());
}

int fail(const absl::Status& status, int exit = EXIT_FAILURE) {
  log::error("cannot start", {{"reason", status.message()}});
  return exit;
}

void log_start(const config::Config& config) {
  std::vector<log::Field> settings;
  for (const auto& [name, value] : config.changed) settings.push_back({name, value});
  log::info("starting",
            {{"version", WEIR_VERSION}, {"revision", WEIR_REVISION}, {"settings", settings}});
}

void log_lost_error(const LostError& lost) {
  log::error("a task's error was lost", {{"error", lost.describe()}});
}

int run(config::Config config) {
  const Signals signals;  // before any other thread
  log::set_level(config.log_level);
  log_start(config);
  set_lost_error_hook(log_lost_error);
  if (absl::Status status = prepare_schema(config, signals.stop()); !status.ok()) {
    return fail(status);
  }
  if (config.only_migrate) return EXIT_SUCCESS;
  fit_descriptors(config);

  telemetry::Traces traces(config.traces);  // first: it sends what the others leave
  const CancellationToken draining;         // ends what would last
  const api::PageTokens page_tokens(config.secret);
  const users::ResumeTokens resume_tokens(page_tokens);
  dashboard::UserChanges user_changes;
  users::UserFeed feed(feed_options(config), config.feed, resume_tokens,
                       [&](const users::EventBatch& batch) { user_changes.on_batch(batch); });
  Backends backends(config, [&feed] { feed.ring(); });
  postgres::Pool& postgres = backends.postgres();
  postgres::Standby* const standby = backends.standby();

  users::Users users(postgres, standby, backends.redis(), backends.cache(), backends.hashing(),
                     feed, page_tokens, resume_tokens, config.secret, draining, config.users);
  posts::PostRepository post_repository(postgres);
  posts::PostService posts(post_repository, page_tokens, standby);
  subscriptions::SubscriptionRepository subscription_repository(postgres);
  subscriptions::SubscriptionService subscriptions(subscription_repository, page_tokens, standby);
  dashboard::Dashboards dashboards(users, post_repository, subscription_repository, standby,
                                   user_changes, draining, config.dashboard_sections);
  batch::Batches batches(postgres, users, page_tokens, draining, config.batch_process, config.batch,
                         traces.tracer());

  rpc::Server server(config.rpc, traces.tracer());
  add_user_routes(server, users.service(), users.watch());
  add_post_routes(server, posts);
  add_subscription_routes(server, subscriptions);
  add_dashboard_routes(server, dashboards.service(), dashboards.watch());
  add_batch_routes(server, batches.service());

  std::atomic<rpc::DrainPhase> drain_phase = rpc::DrainPhase::kServing;
  admin::AdminServer admin(config.admin_access);
  admin::add_dashboard(admin);
  admin::add_probes(admin, server, drain_phase);
  admin::add_log_level(admin);
  admin::add_tasks(admin, server);
  add_metrics(admin, {server, backends, batches, traces, drain_phase});
  if (absl::Status status = admin.start(config.admin_address); !status.ok()) return fail(status);
  if (absl::Status status = server.start(); !status.ok()) return fail(status);
  server.health().set_serving(true);
  log::info("serving", {{"address", server.address()}, {"admin_address", admin.address()}});

  ThreadLoop loop;
  ServerDrain target(server, draining, &batches.executor(), backends.cache(),
                     backends.housekeeping(), config.close_limit, drain_phase);
  const rpc::DrainReport report = loop.run(serve_until_signal(signals, target, config.drain));
  log_report(report);
  if (report.left > 0) {
    traces.flush();
    log::flush();
    std::_Exit(report.exit_code());  // what still runs must not be destroyed
  }
  return report.exit_code();
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  weir::log::take_over();
  auto config = weir::config::read_config(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!config.ok()) {
    return weir::fail(config.status(), 2);
  }
  if (config->show_help) return std::puts(weir::config::usage().c_str()) < 0;
  if (config->show_version) return std::puts("weir-server " WEIR_VERSION) < 0;
#ifdef NDEBUG
  // Debian's Abseil looks for deadlocks at every lock: worth up to a tenth of a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  return weir::run(*std::move(config));
}
