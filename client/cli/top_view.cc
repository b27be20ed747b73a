// SPDX-License-Identifier: Apache-2.0
#include "client/cli/top_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace weir::cli {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kShown = 15;  // calls

std::string time(double seconds) {
  if (seconds <= 0) return "-";
  if (seconds >= 1) return absl::StrFormat("%.2f s", seconds);
  if (seconds >= 1e-3) return absl::StrFormat("%.2f ms", seconds * 1e3);
  return absl::StrFormat("%.0f us", seconds * 1e6);
}

std::string phase_of(const Scrape& now) {
  for (const Scrape::Row& row : now.rows("weir_drain_phase")) {
    if (row.value != 1) continue;
    const std::string& phase = row.labels.at("phase");
    if (phase != "serving") return absl::StrCat("DRAINING: ", printable(phase));
  }
  return now.sum("weir_serving") == 1 ? "serving" : "starting";
}

std::string numbers(const Change& change) {
  const Scrape& now = change.now();
  const double ended = change.rate("weir_rpc_ended_total");
  const double fine = change.rate("weir_rpc_ended_total", {{"code", "OK"}});
  const auto p99 = [&](const char* name) { return time(change.quantile(0.99, name)); };
  const double loops = static_cast<double>(now.rows("weir_loop_busy_seconds_total").size());
  std::string out = absl::StrFormat("%s   CPU %.0f %%   %.1f MiB   %.0f connections\n\n",
                                    phase_of(now), 100 * change.rate("process_cpu_seconds_total"),
                                    now.sum("process_resident_memory_bytes") / (1 << 20),
                                    now.sum("weir_rpc_connections"));
  absl::StrAppendFormat(
      &out, "calls     %.0f /s   not OK %.0f /s   refused %.0f /s   in progress %.0f of %.0f\n",
      ended, ended - fine, change.rate("weir_rpc_refused_total"), now.sum("weir_rpc_in_progress"),
      now.sum("weir_rpc_in_progress_limit"));
  absl::StrAppendFormat(&out, "latency   p50 %s   p99 %s\n",
                        time(change.quantile(0.5, "weir_rpc_duration_seconds")),
                        p99("weir_rpc_duration_seconds"));
  // Time inside gRPC is in the second alone, time in which a loop is stopped in the first.
  const double busy = std::max(change.rate("weir_loop_busy_seconds_total"),
                               change.rate("weir_loop_cpu_seconds_total"));
  absl::StrAppendFormat(&out, "loops     %.0f %% busy   turn p99 %s   blocked %.0f times\n",
                        100 * busy / std::max(loops, 1.0), p99("weir_loop_turn_seconds"),
                        now.sum("weir_loop_blocked_total"));
  absl::StrAppendFormat(
      &out,
      "postgres  %.0f of %.0f connections   %.0f in use   %.0f jobs wait   wait p99 %s   "
      "statement p99 %s   failures %.0f /s\n",
      now.sum("weir_postgres_connections"), now.sum("weir_postgres_connections_max"),
      now.sum("weir_postgres_connections_in_use"), now.sum("weir_postgres_waiting"),
      p99("weir_postgres_queue_seconds"), p99("weir_postgres_statement_seconds"),
      change.rate("weir_postgres_failures_total") + change.rate("weir_postgres_refused_total"));
  if (!now.rows("weir_redis_connections").empty()) {
    const double hits = change.rate("weir_cache_lookups_total", {{"result", "hit"}});
    absl::StrAppendFormat(
        &out, "redis     %s   p99 %s   lookups %.0f /s   hits %.0f /s\n",
        now.sum("weir_redis_breaker_open") > 0 ? "NOT ASKED: it did not answer" : "asked",
        p99("weir_redis_command_seconds"), change.rate("weir_cache_lookups_total"), hits);
  }
  absl::StrAppendFormat(&out, "batches   %.0f open chunks   the oldest %s\n",
                        now.sum("weir_batch_open_chunks"),
                        time(now.sum("weir_batch_oldest_chunk_seconds")));
  return out;
}

// The ends of the tree: what everything above waits for.
void add_waits(const Json& task, std::vector<std::string>& waits) {
  for (const Json& child : task["children"]) add_waits(child, waits);
  if (!task["children"].empty() || !task.contains("awaits") || task["awaits"].is_null()) return;
  const std::string file = task.value("awaits_file", task.value("file", ""));
  waits.push_back(absl::StrCat(task["awaits"].get<std::string>(), " at ",
                               file.substr(file.rfind('/') + 1), " for ",
                               time(task.value("awaits_ms", 0.0) / 1e3)));
}

std::string calls(const Json& told) {
  std::vector<Json> all;
  std::string silent;
  for (const Json& loop : told["loops"]) {
    if (!loop["answered"].get<bool>()) {
      absl::StrAppend(&silent, printable(loop["loop"].get<std::string>()),
                      " DID NOT ANSWER: it is stuck or busy\n");
    }
    for (const Json& call : loop["calls"]) all.push_back(call);
  }
  std::sort(all.begin(), all.end(),
            [](const Json& a, const Json& b) { return a["age_ms"] > b["age_ms"]; });
  if (all.size() > kShown) all.resize(kShown);
  Table table(
      {{"AGE", Table::Align::kRight}, {"LEFT", Table::Align::kRight}, {"METHOD"}, {"AWAITS"}});
  for (const Json& call : all) {
    std::vector<std::string> waits;
    add_waits(call["task"], waits);
    const std::string method = call["method"].get<std::string>();
    table.add({time(call["age_ms"].get<double>() / 1e3), time(call.value("deadline_ms", 0.0) / 1e3),
               method.substr(method.rfind('.') + 1), waits.empty() ? "runs" : waits.front()});
    for (std::size_t i = 1; i < waits.size(); ++i) table.add({"", "", "", waits[i]});
  }
  return all.empty() ? silent + "no calls in progress\n" : silent + table.render();
}

}  // namespace

std::string top_view(const Change& change, const std::string& slowest) {
  const Json told = Json::parse(slowest, nullptr, /*allow_exceptions=*/false);
  const bool is_told = !told.is_discarded() && told.contains("loops");
  return absl::StrCat(numbers(change), "\n",
                      is_told ? calls(told) : "the calls could not be read\n");
}

}  // namespace weir::cli
