// SPDX-License-Identifier: Apache-2.0
#include "server/process_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>

#include "server/log.h"

namespace weir {
namespace {

constexpr std::size_t kPerConnection = 2;
// The admin port, files, the collector, what the libraries open.
constexpr std::size_t kBase = 128;
// A queue, its wake-ups and timers.
constexpr std::size_t kPerLoop = 8;
// Its socket, an eventfd, and both again for a request to cancel.
constexpr std::size_t kPerBackend = 4;

std::size_t others(const config::Config& config) {
  const auto loops = static_cast<std::size_t>(config.rpc.loops);
  const auto postgres = static_cast<std::size_t>(config.postgres.max_connections);
  const std::size_t pools = config.standby.url.empty() ? 1 : 2;
  return kBase + kPerLoop * loops +
         kPerBackend * (pools * postgres + static_cast<std::size_t>(config.redis.connections));
}

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      limit = raised;
    } else {
      log::warning("the limit of descriptors cannot be raised", {{"reason", std::strerror(errno)}});
    }
  }
  return limit.rlim_cur;
}

std::size_t connections_within(std::size_t descriptors, const config::Config& config) {
  const std::size_t taken = others(config);
  if (descriptors <= taken + kPerConnection) return 1;
  return (descriptors - taken) / kPerConnection;
}

void fit_descriptors(config::Config& config) {
  const std::size_t limit = raise_descriptor_limit();
  const std::size_t fit = connections_within(limit, config);
  log::info("descriptors",
            {{"limit", limit}, {"connections", std::min(fit, config.rpc.max_connections)}});
  if (fit >= config.rpc.max_connections) return;
  log::warning("fewer connections than --max-connections: the hard limit of descriptors is too low",
               {{"max_connections", config.rpc.max_connections},
                {"fit", fit},
                {"limit", limit},
                {"needed", others(config) + kPerConnection * config.rpc.max_connections}});
  config.rpc.max_connections = fit;
}

}  // namespace weir
