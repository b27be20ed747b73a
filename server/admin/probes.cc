// SPDX-License-Identifier: Apache-2.0
#include "server/admin/probes.h"

namespace weir::admin {

bool is_stuck(const rpc::Server& server, Duration limit) {
  bool any = false;
  bool all = true;
  server.for_each_loop([&](const rpc::ServerLoop& loop) {
    const auto began = loop.queue_loop().turn().began();
    any = true;
    all = all && began && loop.queue_loop().now() - *began > limit;
  });
  return any && all;
}

void add_probes(AdminServer& admin, rpc::Server& server) {
  admin.add("/livez", [&server] {
    if (!is_stuck(server)) return Page{.body = "ok\n"};
    return Page{.status = 503, .body = "stuck: every loop; the log names the tasks\n"};
  });
  admin.add("/readyz", [&server] {
    if (server.health().is_serving()) return Page{.body = "ok\n"};
    return Page{.status = 503, .body = "not serving: starting or draining\n"};
  });
}

}  // namespace weir::admin
