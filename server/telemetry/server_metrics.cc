// SPDX-License-Identifier: Apache-2.0
#include "server/telemetry/server_metrics.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace weir::telemetry {
namespace {

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

// As gRPC writes them, in words.
std::string code_name(std::size_t code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

// What the loops counted each for itself, added up.
template <class Read>
std::uint64_t sum(const rpc::Server& server, Read read) {
  std::uint64_t total = 0;
  server.for_each_loop([&](const rpc::ServerLoop& loop) { total += read(loop.cells()).read(); });
  return total;
}

template <class F>
void for_each_method(const rpc::Server& server, F visit) {
  for (const auto& method : server.methods()) visit(method->name(), method->number());
}

// Of all loops together.
void collect_limits(const rpc::Server& server, Families& out) {
  const auto for_each_limited = [&](auto visit) {
    for (const auto& method : server.methods()) {
      if (!method->is_limited()) continue;
      server.for_each_loop(
          [&](const rpc::ServerLoop& loop) { visit(*method, loop.limit(*method)); });
    }
  };
  std::map<std::string, double> limits;
  std::map<std::string, double> waiting;
  std::map<std::string, double> usual;
  for_each_limited([&](const rpc::Method& method, const rpc::MethodLimit* limit) {
    limits[method.name()] += static_cast<double>(limit->limit().limit());
    waiting[method.name()] += static_cast<double>(limit->waiting());
    usual[method.name()] = std::max(usual[method.name()], seconds(limit->limit().usual()));
  });
  for (const auto& [name, value] : limits) {
    out.gauge("weir_rpc_method_limit",
              "Calls in progress that are good for a method, as found out.", {{"method", name}},
              value);
  }
  for (const auto& [name, value] : waiting) {
    out.gauge("weir_rpc_method_waiting", "Calls in a method's line.", {{"method", name}}, value);
  }
  for (const auto& [name, value] : usual) {
    out.gauge("weir_rpc_method_usual_seconds", "What a call takes if nothing is in its way.",
              {{"method", name}}, value);
  }
  Histogram waited(kLatencyBounds);
  server.for_each_loop(
      [&](const rpc::ServerLoop& loop) { waited.add_all_of(loop.cells().line_time()); });
  out.histogram("weir_rpc_line_seconds", "How long calls waited in a method's line.", {}, waited);
}

}  // namespace

void collect_calls(const rpc::Server& server, Families& out) {
  for_each_method(server, [&](const std::string& name, std::size_t number) {
    const auto arrived = [&](const rpc::CallCells& cells) -> const Cell& {
      return cells.method(number).started;
    };
    out.counter("weir_rpc_started_total", "Calls that arrived.", {{"method", name}},
                static_cast<double>(sum(server, arrived)));
  });
  for_each_method(server, [&](const std::string& name, std::size_t number) {
    for (std::size_t code = 0; code < rpc::MethodCells::kCodes; ++code) {
      const auto ended = [&](const rpc::CallCells& cells) -> const Cell& {
        return cells.method(number).ended[code];
      };
      const std::uint64_t count = sum(server, ended);
      if (count == 0 && code != 0) continue;
      out.counter("weir_rpc_ended_total", "Calls that were answered, by status code.",
                  {{"method", name}, {"code", code_name(code)}}, static_cast<double>(count));
    }
  });
  for_each_method(server, [&](const std::string& name, std::size_t number) {
    Histogram merged(kLatencyBounds);
    server.for_each_loop([&](const rpc::ServerLoop& loop) {
      merged.add_all_of(loop.cells().method(number).duration);
    });
    out.histogram("weir_rpc_duration_seconds", "From a call's arrival to its result.",
                  {{"method", name}}, merged);
  });
  for_each_method(server, [&](const std::string& name, std::size_t number) {
    Histogram merged(kLatencyBounds);
    server.for_each_loop([&](const rpc::ServerLoop& loop) {
      merged.add_all_of(loop.cells().method(number).deadline_left);
    });
    out.histogram("weir_rpc_deadline_left_seconds",
                  "Time left to the client's deadline when the call arrived.", {{"method", name}},
                  merged);
  });
  for (std::size_t why = 0; why < rpc::kRefusals; ++why) {
    const auto reason = static_cast<rpc::Refusal>(why);
    const auto refused = [&](const rpc::CallCells& cells) -> const Cell& {
      return cells.refused(reason);
    };
    out.counter("weir_rpc_refused_total", "Calls that never reached a handler, by reason.",
                {{"reason", rpc::name_of(reason)}}, static_cast<double>(sum(server, refused)));
  }
  out.gauge("weir_rpc_in_progress", "Calls in progress.", {},
            static_cast<double>(server.admission().in_progress()));
  out.gauge("weir_rpc_in_progress_limit", "Calls in progress beyond which more are refused.", {},
            static_cast<double>(server.max_calls()));
  collect_limits(server, out);
  out.gauge("weir_rpc_connections", "Connections of clients.", {},
            static_cast<double>(server.connections().size()));
  for (std::size_t why = 0; why < rpc::kAbuses; ++why) {
    const auto reason = static_cast<rpc::Abuse>(why);
    out.counter("weir_rpc_connections_closed_total",
                "Connections that were closed or not taken for what their clients did, by reason.",
                {{"reason", rpc::name_of(reason)}},
                static_cast<double>(server.connections().sent_away().count_of(reason)));
  }
  out.gauge("weir_serving", "Whether health says SERVING.", {}, server.health().is_serving());
}

void collect_tls(const rpc::Server& server, Families& out) {
  const std::optional<rpc::TlsFiles::Stats> stats = server.tls_stats();
  if (!stats) return;
  constexpr char kChanges[] = "weir_tls_changes_total";
  constexpr char kChangesHelp[] =
      "Changes of certificates' files; of refused ones the log says why.";
  out.counter(kChanges, kChangesHelp, {{"fate", "taken"}}, static_cast<double>(stats->taken));
  out.counter(kChanges, kChangesHelp, {{"fate", "refused"}}, static_cast<double>(stats->refused));
  out.gauge("weir_tls_certificate_expiry_seconds",
            "When the first certificate of the chain in use ends, since 1970.", {},
            static_cast<double>(stats->certificate_expiry));
  if (stats->authorities_expiry == 0) return;
  out.gauge("weir_tls_client_ca_expiry_seconds",
            "When the first of the authorities of clients ends, since 1970.", {},
            static_cast<double>(stats->authorities_expiry));
}

void collect_loops(const rpc::Server& server, Families& out) {
  out.counter("weir_loop_blocked_total", "Turns that blocked a loop; the log names the task.", {},
              static_cast<double>(server.blocked_turns()));
  const auto for_each = [&](auto visit) { server.for_each_loop(visit); };
  for_each([&](const rpc::ServerLoop& loop) {
    out.histogram("weir_loop_turn_seconds",
                  "How long a loop's turns take: what an event that comes may wait.",
                  {{"loop", loop.name()}}, loop.queue_loop().turn_times());
  });
  for_each([&](const rpc::ServerLoop& loop) {
    out.counter("weir_loop_busy_seconds_total", "Time that a loop did not sleep.",
                {{"loop", loop.name()}},
                static_cast<double>(loop.queue_loop().turn_times().sum()) / 1e9);
  });
  for_each([&](const rpc::ServerLoop& loop) {
    const auto cpu_time = loop.queue_loop().turn().cpu_time();
    if (!cpu_time) return;  // its thread has ended
    out.counter("weir_loop_cpu_seconds_total", "CPU time of a loop's thread, inside gRPC too.",
                {{"loop", loop.name()}}, seconds(*cpu_time));
  });
  for_each([&](const rpc::ServerLoop& loop) {
    const auto began = loop.queue_loop().turn().began();
    out.gauge("weir_loop_turn_age_seconds",
              "How long the turn that is under way has lasted; a loop that is stuck.",
              {{"loop", loop.name()}}, began ? seconds(loop.queue_loop().now() - *began) : 0);
  });
  for_each([&](const rpc::ServerLoop& loop) {
    out.gauge("weir_loop_inbox", "Work that other threads handed a loop and it has not taken.",
              {{"loop", loop.name()}}, static_cast<double>(loop.queue_loop().inbox_depth()));
  });
  for_each([&](const rpc::ServerLoop& loop) {
    out.counter("weir_loop_wake_ups_total", "Times that other threads woke a loop.",
                {{"loop", loop.name()}}, static_cast<double>(loop.queue_loop().wake_ups()));
  });
}

void collect_postgres(const postgres::Pool& pool, Families& out) {
  const postgres::Stats stats = pool.stats();
  const postgres::Counters& counters = pool.counters();
  const auto gauge = [&](const char* name, const char* help, auto value) {
    out.gauge(name, help, {}, static_cast<double>(value));
  };
  const auto counter = [&](const char* name, const char* help, auto value) {
    out.counter(name, help, {}, static_cast<double>(value));
  };
  gauge("weir_postgres_connections", "Connections that are open.", stats.connected);
  gauge("weir_postgres_connections_max", "Connections at most.", stats.max_connections);
  gauge("weir_postgres_connections_in_use", "Connections that run a job.", stats.busy);
  gauge("weir_postgres_waiting", "Jobs that wait for a connection.", stats.queued);
  counter("weir_postgres_jobs_total", "Jobs begun.", stats.jobs);
  counter("weir_postgres_retries_total", "Transactions tried again after a conflict.",
          stats.retries);
  counter("weir_postgres_cancels_total", "Statements cancelled.", stats.cancels);
  counter("weir_postgres_cuts_total", "Connections cut because Postgres did not answer.",
          stats.cuts);
  counter("weir_postgres_connects_total", "Connections made.", stats.connects);
  counter("weir_postgres_connect_failures_total", "Connections that could not be made.",
          stats.connect_failures);
  out.counter("weir_postgres_refused_total", "Jobs that never got a connection, by reason.",
              {{"reason", "queue_full"}}, static_cast<double>(stats.rejected));
  out.counter("weir_postgres_refused_total", "Jobs that never got a connection, by reason.",
              {{"reason", "acquire_timeout"}}, static_cast<double>(stats.timed_out));
  out.histogram("weir_postgres_queue_seconds", "How long jobs waited for a connection.", {},
                counters.queue_time);
  out.histogram("weir_postgres_job_seconds", "How long jobs used their connection.", {},
                counters.job_time);
  out.histogram("weir_postgres_batch_keys", "Keys that were read by one statement.", {},
                counters.batch_size);
  for (std::size_t i = 0; i < postgres::kFailures; ++i) {
    out.counter("weir_postgres_failures_total", "Attempts at jobs that failed, by reason.",
                {{"reason", postgres::name_of(static_cast<postgres::Failure>(i))}},
                static_cast<double>(counters.failures[i].read()));
  }
  counters.by_statement.for_each([&](const std::string& name, const auto& cells) {
    out.histogram("weir_postgres_statement_seconds", "How long statements took.",
                  {{"statement", name}}, cells.time);
  });
  counters.by_statement.for_each([&](const std::string& name, const auto& cells) {
    out.counter("weir_postgres_statement_failures_total", "Statements that failed.",
                {{"statement", name}}, static_cast<double>(cells.failures.read()));
  });
}

void collect_standby(const postgres::Standby& standby, Families& out) {
  using Answered = postgres::Standby::Answered;
  const Duration lag = standby.lag();
  out.gauge("weir_standby_used", "Whether lists are read from the standby.", {},
            standby.is_recent());
  out.gauge("weir_standby_lag_seconds", "At most so old is what it shows.", {},
            lag == Duration::max() ? std::numeric_limits<double>::infinity() : seconds(lag));
  const auto answered = [&](const char* by, Answered which) {
    out.counter("weir_standby_reads_total", "Reads that may lag, by who answered.", {{"by", by}},
                static_cast<double>(standby.answered(which)));
  };
  answered("standby", Answered::kStandby);
  answered("primary", Answered::kPrimary);
  answered("primary_after_failure", Answered::kAfterFailure);
}

void collect_redis(const redis::Client& client, Families& out) {
  const redis::ClientStats stats = client.stats();
  const auto ended = [&](const char* outcome, std::uint64_t count) {
    out.counter("weir_redis_unanswered_total", "Commands without an answer, by reason.",
                {{"reason", outcome}}, static_cast<double>(count));
  };
  out.gauge("weir_redis_connections", "Connections that are ready.", {},
            static_cast<double>(stats.ready_connections));
  out.gauge("weir_redis_in_flight", "Commands under way, queued ones included.", {},
            static_cast<double>(stats.in_flight));
  out.gauge("weir_redis_breaker_open", "Whether Redis is not asked because it did not answer.", {},
            stats.breaker != redis::Breaker::State::kClosed);
  out.counter("weir_redis_commands_total", "Commands accepted.", {},
              static_cast<double>(stats.commands));
  out.counter("weir_redis_batches_total", "Writes that carried commands.", {},
              static_cast<double>(stats.batches));
  out.counter("weir_redis_connects_total", "Connections made.", {},
              static_cast<double>(stats.connects));
  ended("refused", stats.refused);
  ended("timeout", stats.timeouts);
  ended("connection_lost", stats.lost);
  ended("abandoned", stats.abandoned);
  out.histogram("weir_redis_command_seconds", "How long commands took to be answered.", {},
                client.command_times());
}

void collect_cache(const redis::Cache& cache, Families& out) {
  const redis::CacheStats stats = cache.stats();
  const auto looked = [&](const char* result, std::uint64_t count) {
    out.counter("weir_cache_lookups_total", "Rows looked for in the cache, by what came of it.",
                {{"result", result}}, static_cast<double>(count));
  };
  looked("hit", stats.hits);
  looked("negative_hit", stats.negative_hits);
  looked("miss", stats.misses);
  looked("error", stats.errors);
  looked("bypassed", stats.bypassed);
  const auto counter = [&](const char* name, const char* help, std::uint64_t count) {
    out.counter(name, help, {}, static_cast<double>(count));
  };
  counter("weir_cache_loads_total", "Loads from the database.", stats.loads);
  counter("weir_cache_joined_total", "Misses that joined another's load.", stats.joined);
  counter("weir_cache_fills_total", "Rows put into the cache by loads.", stats.fills);
  counter("weir_cache_skipped_fills_total", "Rows not put there, for too much was under way.",
          stats.skipped_fills);
  counter("weir_cache_failed_writes_total", "Writes that Redis did not take.", stats.failed_writes);
  counter("weir_cache_lost_writes_total", "Writes that were given up.", stats.lost_writes);
  out.gauge("weir_cache_unsettled_writes", "Writes that are being repeated.", {},
            static_cast<double>(stats.unsettled_writes));
}

void collect_tracer(const Tracer& tracer, Families& out) {
  const TracerStats stats = tracer.stats();
  const auto ended = [&](const char* fate, std::uint64_t count) {
    out.counter("weir_spans_total", "Spans that ended, by what became of them.", {{"fate", fate}},
                static_cast<double>(count));
  };
  ended("exported", stats.exported);
  ended("dropped", stats.dropped);
  ended("rejected", stats.rejected);
  out.counter("weir_traces_dropped_total", "Traces that did not begin, for spans had no room.", {},
              static_cast<double>(stats.dropped_traces));
  out.gauge("weir_spans_queued", "Spans that wait to be exported.", {},
            static_cast<double>(stats.queued));
}

void collect_batches(const batch::Backlog& backlog, Families& out) {
  out.gauge("weir_batch_open_chunks", "Chunks of submitted batches that are not done, everywhere.",
            {}, static_cast<double>(backlog.chunks.load()));
  out.gauge("weir_batch_oldest_chunk_seconds", "How long the oldest of them has waited.", {},
            static_cast<double>(backlog.oldest_microseconds.load()) / 1e6);
}

void collect_drain(rpc::DrainPhase phase, Families& out) {
  for (std::size_t i = 0; i < rpc::kDrainPhases; ++i) {
    const auto one = static_cast<rpc::DrainPhase>(i);
    out.gauge("weir_drain_phase", "1 for the phase of its life that the server is in.",
              {{"phase", rpc::name_of(one)}}, phase == one ? 1 : 0);
  }
}

void collect_blocking_pool(const char* name, const BlockingPool& pool, Families& out) {
  const BlockingPool::Stats stats = pool.stats();
  const Families::Labels labels = {{"pool", name}};
  out.gauge("weir_blocking_threads", "Threads.", labels, static_cast<double>(pool.threads()));
  out.gauge("weir_blocking_running", "Jobs that run.", labels, static_cast<double>(pool.running()));
  out.gauge("weir_blocking_queued", "Jobs that wait.", labels, static_cast<double>(pool.queued()));
  out.counter("weir_blocking_jobs_total", "Jobs begun.", labels, static_cast<double>(stats.begun));
  out.counter("weir_blocking_refused_total", "Jobs refused, for the queue was full.", labels,
              static_cast<double>(stats.rejected));
  out.counter("weir_blocking_queued_seconds_total", "Time that jobs waited, together.", labels,
              seconds(stats.queued));
  out.counter("weir_blocking_run_seconds_total", "Time that jobs ran, together.", labels,
              seconds(stats.ran));
}

}  // namespace weir::telemetry
