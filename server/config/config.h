// SPDX-License-Identifier: Apache-2.0
#pragma once

// Config: everything the server can be told, read once at the start from flags, environment and
// files.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/admin/access.h"
#include "server/batch/executor.h"
#include "server/batch/item_processor.h"
#include "server/dashboard/section_budget.h"
#include "server/postgres/options.h"
#include "server/postgres/standby.h"
#include "server/redis/cache_options.h"
#include "server/redis/options.h"
#include "server/rpc/drain.h"
#include "server/rpc/server.h"
#include "server/users/user_feed.h"
#include "server/users/users.h"
#include "telemetry/trace_options.h"

namespace weir::config {

struct Config {
  rpc::ServerOptions rpc;
  std::string admin_address = "127.0.0.1:8081";
  admin::AccessRules admin_access;
  std::string log_level = "info";
  telemetry::TraceOptions traces;  // by OpenTelemetry's own variables

  postgres::Options postgres;
  postgres::StandbyOptions standby;
  bool migrate = true;
  Duration start_timeout = std::chrono::seconds(30);

  std::string redis_url;  // empty: no Redis, nothing is cached
  redis::Options redis;
  bool cache = true;
  redis::CacheOptions cache_options;

  std::string secret;
  users::Users::Options users;
  std::size_t hash_threads = 2;
  std::size_t hash_queue = 64;
  users::FeedOptions feed;
  dashboard::SectionBudget dashboard_sections;
  batch::ProcessLimits batch_process;
  batch::ExecutorOptions batch;

  rpc::DrainLimits drain;
  Duration close_limit = std::chrono::seconds(3);  // for batches, and then for the cache
  Duration grace_period = std::chrono::seconds(80);
  // What all of that may take together.
  Duration longest_end() const { return drain.total() + 2 * close_limit; }

  std::vector<std::pair<std::string, std::string>> changed;  // see Settings::changed

  bool only_migrate = false;
  bool show_help = false;
  bool show_version = false;
};

// INVALID_ARGUMENT with one line that names what is wrong.
absl::StatusOr<Config> read_config(absl::Span<char* const> arguments);

// What --help prints.
std::string usage();

}  // namespace weir::config
