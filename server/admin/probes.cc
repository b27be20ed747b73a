// SPDX-License-Identifier: Apache-2.0
#include "server/admin/probes.h"

#include "absl/strings/str_cat.h"

namespace weir::admin {
namespace {

Page ready(const rpc::Server& server, rpc::DrainPhase phase) {
  if (phase != rpc::DrainPhase::kServing) {
    return Page{.status = 503, .body = absl::StrCat("draining: ", rpc::name_of(phase), "\n")};
  }
  if (!server.health().is_serving()) return Page{.status = 503, .body = "starting\n"};
  return Page{.body = "ok\n"};
}

}  // namespace

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

void add_probes(AdminServer& admin, const rpc::Server& server,
                const std::atomic<rpc::DrainPhase>& drain_phase) {
  using Takes = AdminServer::Takes;
  admin.add("/livez", Guard::kOpen, Takes::kNothing, [&server] {
    if (!is_stuck(server)) return Page{.body = "ok\n"};
    return Page{.status = 503, .body = "stuck: every loop; the log names the tasks\n"};
  });
  admin.add("/readyz", Guard::kOpen, Takes::kNothing,
            [&server, &drain_phase] { return ready(server, drain_phase); });
}

}  // namespace weir::admin
