// SPDX-License-Identifier: Apache-2.0
#pragma once

// /metrics: what a scrape gathers from the objects of this process.

#include <atomic>

#include "server/admin/admin_server.h"
#include "server/backends.h"
#include "server/batch/batches.h"
#include "server/rpc/drain.h"
#include "server/rpc/server.h"
#include "server/telemetry/traces.h"

namespace weir {

// All of them must outlive `admin`.
struct Observed {
  const rpc::Server& server;
  Backends& backends;
  const batch::Batches& batches;
  telemetry::Traces& traces;
  const std::atomic<rpc::DrainPhase>& drain_phase;
};

void add_metrics(admin::AdminServer& admin, const Observed& observed);

}  // namespace weir
