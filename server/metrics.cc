// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include "server/telemetry/server_metrics.h"

namespace weir {
namespace {

void collect_admin(const admin::AdminServer& admin, telemetry::Families& out) {
  for (std::size_t why = 0; why < admin::kRefusals; ++why) {
    const auto reason = static_cast<admin::Refusal>(why);
    out.counter(
        "weir_admin_refused_total", "Requests that the admin port did not serve, by reason.",
        {{"reason", admin::name_of(reason)}}, static_cast<double>(admin.refused().of(reason)));
  }
}

}  // namespace

void add_metrics(admin::AdminServer& admin, const Observed& observed) {
  const auto make = [observed, &admin] {
    Backends& backends = observed.backends;
    telemetry::Families metrics;
    telemetry::collect_calls(observed.server, metrics);
    telemetry::collect_tls(observed.server, metrics);
    telemetry::collect_loops(observed.server, metrics);
    telemetry::collect_blocking_pool("hashing", backends.hashing(), metrics);
    telemetry::collect_postgres(backends.postgres(), metrics);
    if (const postgres::Standby* standby = backends.standby()) {
      telemetry::collect_standby(*standby, metrics);
    }
    if (const redis::Client* redis = backends.redis()) telemetry::collect_redis(*redis, metrics);
    if (const redis::Cache* cache = backends.cache()) telemetry::collect_cache(*cache, metrics);
    if (const telemetry::Tracer* tracer = observed.traces.tracer()) {
      telemetry::collect_tracer(*tracer, metrics);
    }
    telemetry::collect_batches(observed.batches.backlog(), metrics);
    telemetry::collect_log(metrics);
    telemetry::collect_drain(observed.drain_phase, metrics);
    telemetry::collect_process(metrics);
    collect_admin(admin, metrics);
    return admin::Page{.content_type = telemetry::Families::kContentType, .body = metrics.text()};
  };
  admin.add("/metrics", admin::Guard::kMetrics, admin::AdminServer::Takes::kAMoment, make);
}

}  // namespace weir
