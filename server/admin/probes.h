// SPDX-License-Identifier: Apache-2.0
#pragma once

// /livez and /readyz, for orchestrators that do not speak gRPC health, or have no certificate.

#include <atomic>
#include <chrono>

#include "async/time.h"
#include "server/admin/admin_server.h"
#include "server/rpc/drain.h"
#include "server/rpc/server.h"

namespace weir::admin {

// /livez: 200 unless the server is stuck, which only a restart cures. /readyz: 200 while new calls
// are welcome, 503 with the reason while starting or draining. A database that is down does not
// make it 503: then every replica would leave at once, and each call says for itself what it lacks.
void add_probes(AdminServer& admin, const rpc::Server& server,
                const std::atomic<rpc::DrainPhase>& drain_phase);

// Whether each loop has been in one turn for longer than `limit`: nothing is served. Any thread.
bool is_stuck(const rpc::Server& server, Duration limit = std::chrono::seconds(10));

}  // namespace weir::admin
