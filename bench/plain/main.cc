// SPDX-License-Identifier: Apache-2.0
// weir-plain: GetDashboard as weir-server serves it, but without coalescing: the same handler on
// the same server and pool, and three prepared queries for each call. What coalescing is measured
// against. Takes weir-server's settings, and expects its schema to be there.

#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "async/cancelled.h"
#include "async/signals.h"
#include "async/thread_loop.h"
#include "server/admin/admin_server.h"
#include "server/admin/probes.h"
#include "server/config/config.h"
#include "server/dashboard/dashboard_service.h"
#include "server/dashboard/dashboard_watch.h"
#include "server/dashboard/user_changes.h"
#include "server/postgres/pool.h"
#include "server/routes.h"
#include "server/rpc/server.h"

namespace weir {
namespace {

// Each part is a query of its own; the repositories have them, for lists.
class PlainSources final : public dashboard::Sources {
 public:
  explicit PlainSources(postgres::Pool& pool) : users_(pool), posts_(pool), subscriptions_(pool) {}

  Task<absl::StatusOr<std::optional<users::User>>> user(std::int64_t id) override {
    absl::StatusOr<std::vector<users::User>> found = co_await users_.list_after(id - 1, 1);
    if (!found.ok()) co_return found.status();
    if (found->empty() || found->front().id != id) co_return std::nullopt;
    co_return std::move(found->front());
  }
  Task<absl::StatusOr<std::vector<posts::Post>>> posts(std::int64_t user_id,
                                                       std::int64_t limit) override {
    return posts_.list_before(user_id, INT64_MAX, limit);
  }
  Task<absl::StatusOr<std::vector<subscriptions::Subscription>>> subscriptions(
      std::int64_t user_id, std::int64_t limit) override {
    return subscriptions_.list_before(user_id, INT64_MAX, limit);
  }

 private:
  users::UserRepository users_;
  posts::PostRepository posts_;
  subscriptions::SubscriptionRepository subscriptions_;
};

int fail(const absl::Status& status) {
  std::fprintf(stderr, "weir-plain: %s\n", std::string(status.message()).c_str());
  return EXIT_FAILURE;
}

Task<void> until_signal(const Signals& signals) { (void)co_await cancelled(signals.stop()); }

int run(const config::Config& config) {
  const Signals signals;  // before any other thread
  postgres::Pool postgres(config.postgres);
  PlainSources sources(postgres);
  dashboard::DashboardService dashboards(sources, config.dashboard_sections);
  dashboard::UserChanges no_changes;
  const CancellationToken draining;
  dashboard::DashboardWatch watch(dashboards, no_changes, draining);

  rpc::Server server(config.rpc);
  add_dashboard_routes(server, dashboards, watch);
  admin::AdminServer admin;
  const std::atomic<rpc::DrainPhase> phase = rpc::DrainPhase::kServing;
  admin::add_probes(admin, server, phase);
  if (absl::Status status = admin.start(config.admin_address); !status.ok()) return fail(status);
  if (absl::Status status = server.start(); !status.ok()) return fail(status);
  server.health().set_serving(true);
  ThreadLoop loop;
  loop.run(until_signal(signals));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  const auto config = weir::config::read_config(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!config.ok()) return weir::fail(config.status());
#ifdef NDEBUG
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // as weir-server does
#endif
  return weir::run(*config);
}
