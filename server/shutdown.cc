// SPDX-License-Identifier: Apache-2.0
#include "server/shutdown.h"

#include <algorithm>
#include <vector>

#include "async/timeout.h"
#include "server/log.h"

namespace weir {
namespace {

// How long a loop may take to say what its calls await.
constexpr Duration kPatience = std::chrono::milliseconds(500);
// Stragglers told of in the log.
constexpr std::size_t kMaxListed = 20;

}  // namespace

void ServerDrain::announce() {
  log::info("draining", {{"in_progress", in_progress()}});
  phase_ = rpc::DrainPhase::kAnnounce;
  server_.health().set_serving(false);
  if (batches_ != nullptr) batches_->stop();
}

void ServerDrain::refuse() {
  phase_ = rpc::DrainPhase::kFinish;
  server_.refuse_calls();
  draining_.cancel();
}

void ServerDrain::cancel() {
  phase_ = rpc::DrainPhase::kCancel;
  server_.cancel_calls(rpc::Method::Kind::kTraffic);
}

Task<std::vector<rpc::ServerLoop::Straggler>> ServerDrain::stragglers() {
  const auto ask = [server = &server_] { return server->stragglers(kPatience); };
  auto answer = co_await spawn_blocking(threads_, ask);
  if (!answer.ok()) co_return {};
  co_return *std::move(answer);
}

Task<void> ServerDrain::shut_down(Duration limit) {
  phase_ = rpc::DrainPhase::kShutDown;
  // Before anything else: what it cannot finish is given back to the other replicas.
  if (batches_ != nullptr) {
    const auto finish = [batches = batches_, time = close_limit_] { batches->finish(time); };
    (void)co_await spawn_blocking(threads_, finish);
  }
  // A call that does not end even when cancelled keeps its loop, and what it uses, for ever: then
  // the process ends without waiting for it (see main.cc).
  if (in_progress() > 0) co_return;
  // The cache's fills run on the server's loops, so they end before the loops do.
  if (cache_ != nullptr) {
    absl::Status closed = co_await timeout(close_limit_, cache_->close());
    if (!closed.ok()) log::warning("the cache did not close in time");
  }
  const auto shut_down = [server = &server_, limit] { server->shut_down(limit); };
  absl::Status done = co_await spawn_blocking(threads_, shut_down);
  if (!done.ok()) log::error("could not shut down", {{"reason", done.message()}});
}

void log_report(const rpc::DrainReport& report) {
  for (std::size_t i = 0; i < std::min(report.stragglers.size(), kMaxListed); ++i) {
    const rpc::ServerLoop::Straggler& call = report.stragglers[i];
    log::warning("call was cut", {{"method", call.method},
                                  {"age_ms", log::milliseconds(call.age)},
                                  {"awaits", call.awaits}});
  }
  std::vector<log::Field> phases_ms;
  for (const auto& phase : report.phases) {
    phases_ms.push_back({phase.name, log::milliseconds(phase.took)});
  }
  log::info("drained", {{"took_ms", log::milliseconds(report.took)},
                        {"phases_ms", phases_ms},
                        {"in_progress", report.in_progress},
                        {"arrived_meanwhile", report.arrived},
                        {"cut", report.cut},
                        {"still_running", report.left},
                        {"hurried", report.hurried},
                        {"exit", report.exit_code()}});
}

}  // namespace weir
