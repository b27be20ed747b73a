// SPDX-License-Identifier: Apache-2.0
#include "server/backends.h"

#include <utility>

#include "server/log/sink.h"

namespace weir {
namespace {

postgres::Options postgres_options(const config::Config& config, std::function<void()> committed) {
  postgres::Options options = config.postgres;
  options.log = log::under("postgres");
  options.committed = std::move(committed);
  return options;
}

postgres::Options standby_options(const config::Config& config) {
  postgres::Options options = config.postgres;
  options.log = log::under("standby");
  return options;
}

redis::Options redis_options(const config::Config& config) {
  redis::Options options = config.redis;
  options.log = log::under("redis");
  return options;
}

}  // namespace

postgres::Options feed_options(const config::Config& config) {
  postgres::Options options = config.postgres;
  options.log = log::errors_only(log::under("postgres"));
  return options;
}

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
