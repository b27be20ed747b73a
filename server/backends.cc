// SPDX-License-Identifier: Apache-2.0
#include "server/backends.h"

#include <string>
#include <utility>

#include "server/log.h"

namespace weir {
namespace {

postgres::Options postgres_options(const config::Config& config, std::function<void()> committed) {
  postgres::Options options = config.postgres;
  options.log = [](std::string_view message) {
    log::warning("postgres", {{"message", std::string(message)}});
  };
  options.committed = std::move(committed);
  return options;
}

// What the standby does not say otherwise.
postgres::Options standby_options(const config::Config& config) {
  postgres::Options options = config.postgres;
  options.log = [](std::string_view message) {
    log::warning("standby", {{"message", std::string(message)}});
  };
  return options;
}

redis::Options redis_options(const config::Config& config) {
  redis::Options options = config.redis;
  options.on_event = [](absl::string_view message) {
    log::warning("redis", {{"message", std::string(message)}});
  };
  return options;
}

}  // namespace

Backends::Backends(const config::Config& config, std::function<void()> committed)
    : postgres_(postgres_options(config, std::move(committed))),
      hashing_("weir-argon2", config.hash_threads, config.hash_queue),
      housekeeping_("weir-housekeep", 1, 4) {
  if (!config.standby.url.empty()) standby_.emplace(standby_options(config), config.standby);
  if (config.redis_url.empty()) return;
  redis_.emplace(redis_options(config));
  if (config.cache) cache_.emplace(redis::VersionedStore(*redis_), config.cache_options);
}

}  // namespace weir
