// SPDX-License-Identifier: Apache-2.0
#pragma once

// /livez and /readyz, for orchestrators that do not speak gRPC health.

#include "server/admin/admin_server.h"
#include "server/rpc/server.h"

namespace weir::admin {

// /livez: 200 while the process can answer at all. /readyz: 200 while new calls are welcome, 503
// with the reason while starting or draining. A database that is down does not make it 503: then
// every replica would leave at once, and each call says for itself what it lacks.
void add_probes(AdminServer& admin, rpc::Server& server);

}  // namespace weir::admin
