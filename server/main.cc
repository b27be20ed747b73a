// SPDX-License-Identifier: Apache-2.0
// weir-server, from top to bottom: configuration, pools, services, server, drain.

#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "async/blocking_pool.h"
#include "async/cancelled.h"
#include "async/lost_error.h"
#include "async/signals.h"
#include "async/thread_loop.h"
#include "server/admin/admin_server.h"
#include "server/admin/log_level.h"
#include "server/admin/probes.h"
#include "server/admin/tasks.h"
#include "server/batch/batches.h"
#include "server/config/config.h"
#include "server/log.h"
#include "server/postgres/pool.h"
#include "server/redis/cache.h"
#include "server/redis/client.h"
#include "server/routes.h"
#include "server/rpc/server.h"
#include "server/schema.h"
#include "server/shutdown.h"
#include "server/telemetry/server_metrics.h"
#include "server/users/user_feed.h"
#include "server/users/user_service.h"
#include "server/users/user_watch.h"

namespace weir {
namespace {

Task<rpc::DrainReport> serve_until_signal(const Signals& signals, rpc::DrainTarget& target,
                                          rpc::DrainLimits limits) {
  (void)co_await cancelled(signals.stop());
  co_return co_await drain(target, limits, signals.hurry());
}

int fail(const absl::Status& status) {
  log::error("cannot start", {{"reason", std::string(status.message())}});
  return EXIT_FAILURE;
}

void log_lost_error(const LostError& lost) {
  log::error("a task's error was lost", {{"error", lost.describe()}});
}

int run(const config::Config& config) {
  const Signals signals;  // before any other thread
  log::set_level(config.log_level);
  set_lost_error_hook(log_lost_error);
  if (absl::Status status = prepare_schema(config, signals.stop()); !status.ok()) {
    return fail(status);
  }
  if (config.only_migrate) return EXIT_SUCCESS;

  const api::PageTokens page_tokens(config.secret);
  const users::ResumeTokens resume_tokens(page_tokens);
  dashboard::UserChanges user_changes;
  users::UserFeed feed(config.postgres, config.feed, resume_tokens,
                       [&](const users::EventBatch& batch) { user_changes.on_batch(batch); });
  postgres::Options pool_options = config.postgres;
  pool_options.log = [](std::string_view message) {
    log::warning("postgres", {{"message", std::string(message)}});
  };
  pool_options.committed = [&feed] { feed.ring(); };
  postgres::Pool postgres(pool_options);
  std::optional<redis::Client> redis;
  std::optional<redis::Cache> cache;
  redis::Options redis_options = config.redis;
  redis_options.on_event = [](absl::string_view message) {
    log::warning("redis", {{"message", std::string(message)}});
  };
  if (!config.redis_url.empty()) redis.emplace(redis_options);
  if (redis && config.cache) cache.emplace(redis::VersionedStore(*redis), config.cache_options);
  BlockingPool hashing("weir-argon2", config.hash_threads, config.hash_queue);
  BlockingPool housekeeping("weir-housekeep", 1, 4);

  users::UserRepository user_repository(postgres, config.user_groups);
  users::UserCache user_cache(user_repository, cache ? &*cache : nullptr);
  users::Passwords passwords(hashing);
  users::AttemptLimiter attempts(redis ? &*redis : nullptr, config.secret, config.attempts);
  users::UserService users(user_repository, user_cache, passwords, attempts, page_tokens);
  posts::PostRepository post_repository(postgres);
  posts::PostService posts(post_repository, page_tokens);
  subscriptions::SubscriptionRepository subscription_repository(postgres);
  subscriptions::SubscriptionService subscriptions(subscription_repository, page_tokens);
  dashboard::StoredSources sources(user_cache, post_repository, subscription_repository);
  dashboard::DashboardService dashboards(sources, config.dashboard_sections);

  const CancellationToken draining;  // for what would last
  users::UserWatch user_watch(feed, postgres, resume_tokens, draining);
  dashboard::FreshSources fresh(user_cache, user_repository, post_repository,
                                subscription_repository);
  dashboard::DashboardService fresh_dashboards(fresh, config.dashboard_sections);
  dashboard::DashboardWatch dashboard_watch(fresh_dashboards, user_changes, draining);

  batch::Batches batches(postgres, users, user_cache, passwords, page_tokens, draining,
                         config.batch_process, config.batch);

  GrpcServices grpc_services;
  rpc::Server server(config.rpc);
  add_user_routes(server, grpc_services, users, user_watch);
  add_post_routes(server, grpc_services, posts);
  add_subscription_routes(server, grpc_services, subscriptions);
  add_dashboard_routes(server, grpc_services, dashboards, dashboard_watch);
  add_batch_routes(server, grpc_services, batches.service());
  std::atomic<rpc::DrainPhase> drain_phase = rpc::DrainPhase::kServing;
  admin::AdminServer admin;
  admin::add_probes(admin, server);
  admin::add_log_level(admin);
  admin::add_tasks(admin, server);
  admin.add("/metrics", [&] {
    telemetry::Families metrics;
    telemetry::collect_calls(server, metrics);
    telemetry::collect_loops(server, metrics);
    telemetry::collect_blocking_pool("hashing", hashing, metrics);
    telemetry::collect_postgres(postgres, config.postgres.max_connections, metrics);
    if (redis) telemetry::collect_redis(*redis, metrics);
    if (cache) telemetry::collect_cache(*cache, metrics);
    telemetry::collect_batches(batches.backlog(), metrics);
    telemetry::collect_drain(drain_phase, metrics);
    telemetry::collect_process(metrics);
    return admin::Page{.content_type = telemetry::Families::kContentType, .body = metrics.text()};
  });
  if (absl::Status status = admin.start(config.admin_address); !status.ok()) return fail(status);
  if (absl::Status status = server.start(); !status.ok()) return fail(status);
  server.health().set_serving(true);
  log::info("serving", {{"address", server.address()}, {"admin_address", admin.address()}});

  ThreadLoop loop;
  ServerDrain target(server, draining, &batches.executor(), cache ? &*cache : nullptr, housekeeping,
                     config.close_limit, drain_phase);
  const rpc::DrainReport report = loop.run(serve_until_signal(signals, target, config.drain));
  log_report(report);
  if (report.left > 0) std::_Exit(report.exit_code());  // what still runs must not be destroyed
  return report.exit_code();
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  const auto config = weir::config::read_config(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!config.ok()) {
    std::fprintf(stderr, "weir-server: %s\n", std::string(config.status().message()).c_str());
    return 2;
  }
  if (config->show_help) return std::puts(weir::config::usage().c_str()) < 0;
  if (config->show_version) return std::puts("weir-server " WEIR_VERSION) < 0;
#ifdef NDEBUG
  // Debian's Abseil looks for deadlocks at every lock: worth up to a tenth of a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  return weir::run(*config);
}
