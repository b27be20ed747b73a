// SPDX-License-Identifier: Apache-2.0
#pragma once

// /tasks and /tasks.json: each call in progress, its tasks, what each awaits, where in the source
// and for how long; /tasks/slowest.json: only the ten of each loop that have lasted longest, and no
// watches. Tokio: tokio-console.
//
// The loops are asked all at once and answer a few calls at a time (server/rpc/call_inspection.h).
// One that does not answer in time is named, with what it did tell; then see its turn's age in
// /metrics and the log, where the watchdog names the task.

#include "server/admin/admin_server.h"
#include "server/rpc/server.h"

namespace weir::admin {

// `server` must outlive `admin`.
void add_tasks(AdminServer& admin, rpc::Server& server);

}  // namespace weir::admin
