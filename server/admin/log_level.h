// SPDX-License-Identifier: Apache-2.0
#pragma once

// /log-level: GET says the level, PUT sets it while the server runs.
//
//     curl -X PUT --data debug http://127.0.0.1:8081/log-level

#include "server/admin/admin_server.h"

namespace weir::admin {

void add_log_level(AdminServer& admin);

}  // namespace weir::admin
