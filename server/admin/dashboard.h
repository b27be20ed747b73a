// SPDX-License-Identifier: Apache-2.0
#pragma once

// / : the page for people, which draws /metrics and /tasks/slowest.json. It asks nobody else for
// anything.

#include "server/admin/admin_server.h"

namespace weir::admin {

void add_dashboard(AdminServer& admin);

}  // namespace weir::admin
