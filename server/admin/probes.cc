// SPDX-License-Identifier: Apache-2.0
#include "server/admin/probes.h"

namespace weir::admin {

void add_probes(AdminServer& admin, rpc::Server& server) {
  admin.add("/livez", [] { return Page{.body = "ok\n"}; });
  admin.add("/readyz", [&server] {
    if (server.health().is_serving()) return Page{.body = "ok\n"};
    return Page{.status = 503, .body = "not serving: starting or draining\n"};
  });
}

}  // namespace weir::admin
