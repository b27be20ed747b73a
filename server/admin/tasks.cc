// SPDX-License-Identifier: Apache-2.0
#include "server/admin/tasks.h"

#include <chrono>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "async/task_tree.h"
#include "server/rpc/call_inspection.h"

namespace weir::admin {
namespace {

// For all loops together.
constexpr Duration kPatience = std::chrono::milliseconds(500);
constexpr std::size_t kSlowest = 10;  // of each loop

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// What one loop told: written on its thread until its inspection is over. In blocks, for a string
// of megabytes that has to grow holds the loop up.
struct Told {
  static constexpr std::size_t kBlock = 64 << 10;

  std::string loop;
  std::vector<std::string> calls = {};
  std::size_t count = 0;  // of those
  bool complete = false;

  // For the next call.
  std::string& next() {
    if (calls.empty() || calls.back().size() >= kBlock) calls.emplace_back().reserve(2 * kBlock);
    ++count;
    return calls.back();
  }
};

// False: no more calls of this loop.
using Show = bool (*)(const rpc::ServerCall& call, TimePoint now, Told& told);

// Empty if it is not sampled.
std::string trace_of(const rpc::ServerCall& call) {
  const Span* span = call.span();
  if (span == nullptr) return "";
  const auto& id = span->ref().context.trace_id;
  return telemetry::to_hex(id.data(), id.size());
}

std::list<Told> ask(rpc::Server& server, Show show) {
  std::list<Told> all;  // whose elements stay where they are
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  // Inside: as long as we look, no loop goes away.
  server.with_loops([&](const auto& loops) {
    std::list<rpc::CallInspection> inspections;
    for (const auto& loop : loops) {
      Told& told = all.emplace_back(Told{.loop = loop->name()});
      inspections.emplace_back(*loop, [&told, show](const rpc::ServerCall& call, TimePoint now) {
        return show(call, now, told);
      });
    }
    auto inspection = inspections.begin();
    for (Told& told : all) told.complete = (inspection++)->wait_until(deadline);
  });
  return all;
}

bool show_text(const rpc::ServerCall& call, TimePoint now, Told& told) {
  std::string& out = told.next();
  absl::StrAppendFormat(&out, "%s  %.3f ms", call.method().name(),
                        milliseconds(now - call.arrival()));
  if (const TimePoint deadline = call.context().deadline(); deadline != kForever) {
    absl::StrAppendFormat(&out, "  deadline in %.3f ms", milliseconds(deadline - now));
  }
  if (const std::string trace = trace_of(call); !trace.empty()) {
    absl::StrAppend(&out, "  trace ", trace);
  }
  absl::StrAppend(&out, "\n", dump_task(call.task(), now), "\n");
  return true;
}

// Names of methods and loops need no escaping.
bool show_json(const rpc::ServerCall& call, TimePoint now, Told& told) {
  std::string& out = told.next();
  if (told.count > 1) out += ',';
  absl::StrAppendFormat(&out, R"({"method":"%s","age_ms":%.3f)", call.method().name(),
                        milliseconds(now - call.arrival()));
  if (const TimePoint deadline = call.context().deadline(); deadline != kForever) {
    absl::StrAppendFormat(&out, R"(,"deadline_ms":%.3f)", milliseconds(deadline - now));
  }
  if (const std::string trace = trace_of(call); !trace.empty()) {
    absl::StrAppend(&out, R"(,"trace_id":")", trace, "\"");
  }
  absl::StrAppend(&out, R"(,"task":)", dump_task_json(call.task(), now), "}");
  return true;
}

// The calls that have lasted longest come first. A watch is meant to last.
bool show_slow(const rpc::ServerCall& call, TimePoint now, Told& told) {
  if (call.method().length() == rpc::Method::Length::kAsAsked) return true;
  return show_json(call, now, told) && told.count < kSlowest;
}

Page text(rpc::Server& server) {
  Page page;
  for (const Told& told : ask(server, show_text)) {
    absl::StrAppend(&page.body, "== ", told.loop, ": ", told.count, " calls in progress",
                    told.complete ? "" : ", and it DID NOT ANSWER in time: it is stuck or busy",
                    "\n\n", absl::StrJoin(told.calls, ""));
  }
  return page;
}

Page json(rpc::Server& server, Show show) {
  Page page{.content_type = "application/json", .body = R"({"loops":[)"};
  const char* comma = "";
  for (const Told& told : ask(server, show)) {
    absl::StrAppend(&page.body, std::exchange(comma, ","), R"({"loop":")", told.loop,
                    R"(","answered":)", told.complete ? "true" : "false", R"(,"calls":[)",
                    absl::StrJoin(told.calls, ""), "]}");
  }
  page.body += "]}\n";
  return page;
}

}  // namespace

void add_tasks(AdminServer& admin, rpc::Server& server) {
  const auto add = [&](const char* path, AdminServer::Make make) {
    admin.add(path, Guard::kInternal, AdminServer::Takes::kLong, std::move(make));
  };
  add("/tasks", [&server] { return text(server); });
  add("/tasks.json", [&server] { return json(server, show_json); });
  add("/tasks/slowest.json", [&server] { return json(server, show_slow); });
}

}  // namespace weir::admin
