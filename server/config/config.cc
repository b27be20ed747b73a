// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/config/settings.h"
#include "server/postgres/connect.h"

namespace weir::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void add_serving(Settings& table, Config& config) {
  table.section("Serving");
  table.address("address", &config.rpc.address, "where gRPC listens; port 0: any free one",
                /*may_be_unix=*/true);
  table.address("admin-address", &config.admin_address, "where /livez and /readyz are served");
  table.secret("admin-token", &config.admin_access.token,
               "what its clients must bring, but for probes; none: only this machine");
  table.flag("admin-open-metrics", &config.admin_access.open_metrics,
             "/metrics needs no token, and is for other machines too");
  table.text("admin-hosts", &config.admin_access.hosts,
             "further names that it is called by, with commas between them");
  table.number("loops", &config.rpc.loops, 1, 256, "threads", "event loops, each with a queue");
  table.number("accept-slots", &config.rpc.accept_slots, 1, 4096, "calls",
               "of each method, awaited at once by each loop, at most");
  table.number("max-calls", &config.rpc.max_calls, 1, 1'000'000, "calls",
               "in progress; beyond it calls are refused");
  table.duration("max-deadline", &config.rpc.max_deadline, milliseconds(10), hours(24),
                 "the longest a call may take, whatever its client asks");
  table.number("max-message-bytes", &config.rpc.max_receive_message_bytes, 1024, 64 << 20, "bytes",
               "of one request");
  table.number("max-metadata-bytes", &config.rpc.max_metadata_bytes, 1024, 1 << 20, "bytes",
               "of a call's metadata");
  table.number("max-grpc-bytes", &config.rpc.max_grpc_bytes, 16 << 20, std::int64_t{1} << 40,
               "bytes",
               "that gRPC holds for all calls; beyond it calls are ended, whosever they are");
  table.number("max-streams", &config.rpc.max_concurrent_streams, 1, 1'000'000, "calls",
               "at once on one connection");
  table.number("max-connections", &config.rpc.max_connections, 1, 1'000'000, "connections",
               "beyond which clients are turned away");
  table.duration("max-connection-age", &config.rpc.max_connection_age, milliseconds(100), hours(24),
                 "after which a client must connect again, perhaps elsewhere");
  table.duration("max-connection-age-grace", &config.rpc.max_connection_age_grace,
                 milliseconds(100), hours(24), "for streams on a connection that is of age");
  table.duration("handshake-timeout", &config.rpc.handshake_timeout, milliseconds(100), minutes(5),
                 "for a client to say that it speaks TLS, and HTTP/2");
  table.duration("write-timeout", &config.rpc.write_timeout, seconds(1), hours(1),
                 "for a client's machine to take what it is sent");
  table.duration("stream-idle", &config.rpc.stream_idle, milliseconds(100), hours(24),
                 "for a client to send a message that a stream waits for, or to take one");
  table.duration("keepalive-time", &config.rpc.keepalive_time, seconds(1), hours(24),
                 "of silence after which a client is pinged");
  table.duration("keepalive-timeout", &config.rpc.keepalive_timeout, milliseconds(100), hours(1),
                 "for its answer");
  table.duration("min-ping-interval", &config.rpc.min_ping_interval, milliseconds(10), hours(1),
                 "a client that pings more often is sent away");
  table.flag("reflection", &config.rpc.reflection,
             "gRPC server reflection; off with --authorization-policy");
  table.flag("channelz", &config.rpc.channelz, "gRPC channelz; off with --authorization-policy");
  table.number("access-log-percent", &config.rpc.access_log.percent, 0, 100, "percent",
               "of calls that get a line in the log");
  table.number("access-log-failures", &config.rpc.access_log.failures_per_second, 0, 100'000,
               "calls", "a second of each loop that the server failed get one, beside those");
  table.choice("log-level", &config.log_level, {"debug", "info", "warning", "error"},
               "the least of what is logged");
}

void add_overload(Settings& table, Config& config) {
  rpc::LimitOptions& limit = config.rpc.limit;
  rpc::ClientLimits& client = config.rpc.client;
  table.section("Overload: how many calls of a method at once, found out from how long they take");
  table.flag("adaptive-limit", &limit.adaptive, "off: --max-calls alone bounds them");
  table.number("limit-first", &limit.first, 1, 1'000'000, "calls",
               "of a method on a loop at once, before anything is known");
  table.number("limit-least", &limit.least, 1, 1'000'000, "calls",
               "that the limit never goes below");
  table.duration("limit-slack", &limit.slack, milliseconds(0), minutes(1),
                 "that calls may take longer than usual before it is an overload");
  table.duration("limit-probe", &limit.probe, seconds(1), hours(1),
                 "of an overload between two looks at what would be usual");
  table.number("client-connections", &client.connections, 1, 1'000'000, "connections",
               "of one client: an identity, else an address, of IPv6 a /64");
  table.number("client-calls", &client.calls, 1, 1'000'000, "calls",
               "in progress of one client, health and reflection among them");
  table.number("client-bytes", &client.bytes, 1 << 20, std::int64_t{1} << 40, "bytes",
               "held for one client: of requests that are not whole, of answers it does not take");
  table.number("client-rate", &client.calls_per_second, 0, 10'000'000, "calls",
               "a second of one client; 0: any");
  table.number("client-burst", &client.burst, 1, 10'000'000, "calls",
               "of one client at once, above its rate");
  table.number("client-connection-rate", &client.connections_per_second, 1, 1'000'000,
               "connections", "a second that one client opens");
  table.number("client-inflation", &client.inflated_bytes_per_second, 1 << 10,
               std::int64_t{1} << 30, "bytes",
               "a second that one client's messages inflate to, beyond 16 times what came");
  table.number("client-resets", &client.resets_per_second, 1, 1'000'000, "calls",
               "a second that one client takes back at once, beyond what its calls earn");
  table.number("client-control-frames", &client.control_frames_per_second, 1, 10'000'000, "frames",
               "of no call, a second of one client, beyond what its calls earn");
  table.number("client-crumbs", &client.crumbs_per_second, 1, 10'000'000, "pieces",
               "of messages below 64 bytes, a second of one client, beyond what its calls earn");
}

void add_security(Settings& table, Config& config) {
  rpc::TlsOptions& options = config.rpc.tls;
  table.section("Security: files, which are read again when they change");
  table.text("tls-certificate", &options.certificate, "PEM, its chain after it; none: plain text");
  table.text("tls-key", &options.key, "PEM, of the certificate");
  table.text("tls-client-ca", &options.client_ca,
             "PEM; clients must show a certificate signed by it");
  table.text("authorization-policy", &config.rpc.authorization_policy,
             "JSON, gRPC's format: who may call what; health is open to all");
  table.duration("tls-refresh", &options.refresh, seconds(1), hours(24),
                 "between two looks at these files");
}

void add_postgres(Settings& table, Config& config) {
  postgres::Options& options = config.postgres;
  table.section("Postgres");
  table.secret("database-url", &options.url, "postgres://user:password@host:port/database");
  table.secret("direct-database-url", &options.direct_url,
               "the same past pgbouncer, for notifications and migrations; none: database-url");
  table.secret("read-database-url", &config.standby.url,
               "a hot standby, for lists and parts of dashboards; none: the primary");
  table.duration("read-max-lag", &config.standby.max_lag, milliseconds(100), hours(1),
                 "that it may be behind; else the primary is read");
  table.flag("migrate", &config.migrate,
             "bring the schema up to date at the start; off: wait until it is");
  table.duration("start-timeout", &config.start_timeout, milliseconds(100), hours(1),
                 "for the database to be there at the start");
  table.number("postgres-min-connections", &options.min_connections, 0, 1000, "connections",
               "kept open");
  table.number("postgres-max-connections", &options.max_connections, 1, 1000, "connections",
               "at most");
  table.number("postgres-max-queue", &options.max_queue, 1, 1'000'000, "units of work",
               "that may wait for a connection");
  table.duration("postgres-acquire-timeout", &options.acquire_timeout, milliseconds(1), hours(1),
                 "for a connection to be free");
  table.duration("postgres-connect-timeout", &options.connect_timeout, seconds(1), hours(1),
                 "for a connection to be made");
  table.duration("postgres-statement-timeout", &options.statement_timeout, milliseconds(1),
                 hours(1), "of one statement");
  table.duration("postgres-lock-timeout", &options.lock_timeout, milliseconds(1), hours(1),
                 "of waiting for a lock");
  table.duration("postgres-idle-timeout", &options.idle_timeout, seconds(1), hours(24),
                 "after which a connection above the minimum is closed");
  table.duration("postgres-max-lifetime", &options.max_lifetime, seconds(1), hours(24),
                 "of a connection");
  table.flag("postgres-prepare", &options.prepare,
             "prepared statements; off for pgbouncer before 1.21");
  table.flag("postgres-session-settings", &options.session_settings,
             "timeouts as start-up options; off for pgbouncer");
}

void add_redis(Settings& table, Config& config) {
  redis::Options& options = config.redis;
  table.section("Redis, a cache: without it the service works, slower");
  table.secret("redis-url", &config.redis_url, "redis://user:password@host:port/database");
  table.flag("cache", &config.cache, "keep users in Redis");
  table.duration("cache-ttl", &config.cache_options.ttl, milliseconds(100), hours(24 * 30),
                 "of a user in the cache, give or take a tenth");
  table.duration("cache-negative-ttl", &config.cache_options.negative_ttl, milliseconds(100),
                 hours(24), "of knowing that there is no such user");
  table.number("redis-connections", &options.connections, 1, 64, "connections", "all pipelined");
  table.duration("redis-command-timeout", &options.command_timeout, milliseconds(1), minutes(1),
                 "of one command");
  table.duration("redis-connect-timeout", &options.connect_timeout, milliseconds(10), minutes(1),
                 "for a connection to be made");
}

void add_users(Settings& table, Config& config) {
  table.section("Users");
  table.secret("secret", &config.secret,
               "signs page and resume tokens; the same on all replicas, 16 bytes or more");
  table.number("create-group", &config.users.groups.most, 1, 1000, "users",
               "that concurrent calls create in one transaction, at most");
  table.number("create-transactions", &config.users.groups.at_once, 1, 1000, "transactions",
               "that create users at once");
  table.number("hash-threads", &config.hash_threads, 1, 256, "threads",
               "that hash passwords, 19 MiB each while they do");
  table.number("hash-queue", &config.hash_queue, 0, 100'000, "passwords",
               "that may wait to be hashed");
  table.number("attempts", &config.users.attempts.attempts, 1, 1'000'000, "attempts",
               "at one e-mail address's password at once");
  table.duration("attempts-window", &config.users.attempts.window, seconds(1), hours(24),
                 "in which that many attempts become possible again");
}

void add_dashboards(Settings& table, Config& config) {
  table.section("Dashboards, whose posts and subscriptions are optional");
  table.duration("dashboard-section-budget", &config.dashboard_sections.most, milliseconds(1),
                 minutes(1), "the longest that either may take");
  table.number("dashboard-section-share", &config.dashboard_sections.share, 1, 100, "percent",
               "of the time that a call has left, at most, for either");
}

void add_watches(Settings& table, Config& config) {
  users::FeedOptions& options = config.feed;
  table.section("Watches");
  table.duration("events-keep", &options.keep, seconds(1), hours(24 * 365),
                 "of what happened to users: how old a resume_token may be");
  table.duration("events-poll", &options.poll, milliseconds(10), minutes(1),
                 "after which to look for events that nobody notified of");
  table.duration("events-pause", &options.pause, milliseconds(1), seconds(10),
                 "between two looks, however many changes there are");
  table.number("events-buffer", &options.buffer, 2, 100'000, "looks",
               "that a watch may be behind; then it is ended");
}

void add_batches(Settings& table, Config& config) {
  batch::ExecutorOptions& options = config.batch;
  table.section("Batches");
  table.number("batch-items-in-call", &config.batch_process.in_call, 1, 10'000, "items",
               "of one ProcessBatch in progress at once");
  table.number("batch-items-in-server", &config.batch_process.in_server, 1, 1'000'000, "items",
               "of all of them together");
  table.number("batch-workers", &options.workers, 0, 100, "chunks",
               "of submitted batches in progress here at once; 0: other replicas do them");
  table.number("batch-chunk-items", &options.chunk_items, 1, 10'000, "items",
               "of a submitted batch that are claimed, and committed, together");
  table.duration("batch-lease", &options.lease, seconds(1), hours(1),
                 "after which what a killed replica had claimed is claimed by another");
  table.duration("batch-poll", &options.poll, milliseconds(10), minutes(1),
                 "between looks for work that nobody told this replica of");
  table.duration("batch-upkeep", &options.upkeep, milliseconds(10), hours(1),
                 "between looks for batches that are too old");
  table.duration("batch-keep", &options.keep, seconds(1), hours(24 * 365),
                 "of a batch and its results, after its end");
}

void add_drain(Settings& table, Config& config) {
  table.section("Shutting down: SIGTERM drains, a second one cuts");
  table.duration("drain-quiet", &config.drain.quiet, milliseconds(0), hours(1),
                 "without a new call ends the announcement");
  table.duration("drain-announce", &config.drain.announce, milliseconds(0), hours(1),
                 "the longest that NOT_SERVING is announced while everything is served");
  table.duration("drain-accept", &config.drain.accept, milliseconds(0), hours(1),
                 "of that, that clients may still connect; then they must go elsewhere");
  table.duration("drain-finish", &config.drain.finish, milliseconds(0), hours(24),
                 "the longest that calls in progress may take; then they are cancelled");
  table.duration("drain-cancel", &config.drain.cancel, milliseconds(0), hours(1),
                 "for cancelled calls to be answered");
  table.duration("drain-close", &config.close_limit, milliseconds(0), hours(1),
                 "for batches to give back what they cannot finish, and then for the cache");
  table.duration("grace-period", &config.grace_period, milliseconds(0), hours(48),
                 "after which the orchestrator kills; must exceed the limits above");
}

void describe(Settings& table, Config& config) {
  add_serving(table, config);
  add_overload(table, config);
  add_security(table, config);
  add_postgres(table, config);
  add_redis(table, config);
  add_users(table, config);
  add_watches(table, config);
  add_dashboards(table, config);
  add_batches(table, config);
  add_drain(table, config);
  table.section("Instead");
  table.command("only-migrate", &config.only_migrate, "bring the schema up to date, and end");
  table.command("help", &config.show_help, "print this");
  table.command("version", &config.show_version, "print the version");
}

absl::Status check_urls(const Config& config) {
  const std::pair<const char*, const std::string&> urls[] = {
      {"WEIR_DATABASE_URL", config.postgres.url},
      {"WEIR_DIRECT_DATABASE_URL", config.postgres.direct_url},
      {"WEIR_READ_DATABASE_URL", config.standby.url}};
  for (const auto& [variable, url] : urls) {
    if (url.empty() || postgres::is_database_url(url)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(variable, ": a Postgres URL is postgres://user:password@host:port/database"));
  }
  return absl::OkStatus();
}

bool is_bearer_token(const std::string& text) {
  return text.size() >= 16 && std::all_of(text.begin(), text.end(),
                                          [](unsigned char c) { return absl::ascii_isgraph(c); });
}

// What no single row can check.
absl::Status check_together(Config& config) {
  if (config.postgres.url.empty()) {
    return absl::InvalidArgumentError(
        "WEIR_DATABASE_URL: is not set; where is Postgres? "
        "(postgres://user:password@host/database)");
  }
  if (absl::Status status = check_urls(config); !status.ok()) return status;
  if (config.postgres.min_connections > config.postgres.max_connections) {
    return wrong("postgres-min-connections", "is more than --postgres-max-connections");
  }
  const rpc::TlsOptions& tls = config.rpc.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    return wrong("tls-certificate", "needs --tls-key, and the other way round");
  }
  if (tls.certificate.empty() && !tls.client_ca.empty()) {
    return wrong("tls-client-ca", "needs --tls-certificate");
  }
  if (tls.client_ca.empty() && !config.rpc.authorization_policy.empty()) {
    return wrong("authorization-policy", "needs --tls-client-ca, for without it nobody is known");
  }
  if (config.secret.empty()) {
    // Fit for one replica: tokens end with the process.
    config.secret.resize(32);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(config.secret.data()), 32) != 1) {
      return absl::InternalError("no randomness for a secret");
    }
  } else if (config.secret.size() < 16) {
    return absl::InvalidArgumentError("WEIR_SECRET: must have 16 bytes or more");
  }
  if (!config.admin_access.token.empty() && !is_bearer_token(config.admin_access.token)) {
    return absl::InvalidArgumentError(
        "WEIR_ADMIN_TOKEN: must have 16 characters or more, without spaces");
  }
  const Duration sum = config.longest_end();
  if (sum >= config.grace_period) {
    return wrong("grace-period", absl::StrCat("must exceed the sum of the drain's limits, ",
                                              absl::FormatDuration(absl::FromChrono(sum))));
  }
  if (!config.redis_url.empty()) {
    absl::StatusOr<redis::Address> address = redis::parse_url(config.redis_url);
    if (!address.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("WEIR_REDIS_URL: ", address.status().message()));
    }
    config.redis.address = *std::move(address);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Config> read_config(absl::Span<char* const> arguments) {
  Config config;
  Settings table;
  describe(table, config);
  if (absl::Status status = table.parse(arguments); !status.ok()) return status;
  if (config.show_help || config.show_version) return config;
  if (absl::Status status = table.check_variables(); !status.ok()) return status;
  config.changed = table.changed();
  absl::StatusOr<telemetry::TraceOptions> traces = telemetry::trace_options_from_environment();
  if (!traces.ok()) return traces.status();
  config.traces = *std::move(traces);
  if (absl::Status status = check_together(config); !status.ok()) return status;
  return config;
}

std::string usage() {
  Config defaults;
  Settings table;
  describe(table, defaults);
  return absl::StrCat(
      "weir-server: users, posts, subscriptions and dashboards over gRPC, on Postgres and "
      "Redis.\n\n"
      "A setting is a flag or the variable below it; the flag wins. Secrets come only from the\n"
      "variable or the file that its _FILE names. Times carry a unit: 500ms, 2s, 5m. Where traces\n"
      "go, OpenTelemetry's own OTEL_ variables say.\n"
      "\n"
      "Exit status: 0 ended and nothing was cut; 1 could not start; 2 a setting is wrong;\n"
      "3 calls were cut at the end.\n",
      table.help());
}

}  // namespace weir::config
