// SPDX-License-Identifier: Apache-2.0
#include "server/admin/tasks.h"

#include <chrono>
#include <list>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "async/task_tree.h"
#include "server/rpc/call_inspection.h"

namespace weir::admin {
namespace {

// For all loops together.
constexpr Duration kPatience = std::chrono::milliseconds(500);

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// What one loop told: written on its thread until its inspection is over.
struct Told {
  std::string loop;
  std::string calls = {};
  std::size_t count = 0;
  bool complete = false;
};

using Append = void (*)(const rpc::ServerCall& call, TimePoint now, std::string& out);

std::list<Told> ask(rpc::Server& server, Append append) {
  std::list<Told> all;  // whose elements stay where they are
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  // Inside: as long as we look, no loop goes away.
  server.with_loops([&](const auto& loops) {
    std::list<rpc::CallInspection> inspections;
    for (const auto& loop : loops) {
      Told& told = all.emplace_back(Told{.loop = loop->name()});
      inspections.emplace_back(*loop, [&told, append](const rpc::ServerCall& call, TimePoint now) {
        ++told.count;
        append(call, now, told.calls);
      });
    }
    auto inspection = inspections.begin();
    for (Told& told : all) told.complete = (inspection++)->wait_until(deadline);
  });
  return all;
}

void append_text(const rpc::ServerCall& call, TimePoint now, std::string& out) {
  absl::StrAppendFormat(&out, "%s  %.3f ms", call.method().name(),
                        milliseconds(now - call.arrival()));
  if (const TimePoint deadline = call.context().deadline(); deadline != kForever) {
    absl::StrAppendFormat(&out, "  deadline in %.3f ms", milliseconds(deadline - now));
  }
  absl::StrAppend(&out, "\n", dump_task(call.task(), now), "\n");
}

// Names of methods and loops need no escaping.
void append_json(const rpc::ServerCall& call, TimePoint now, std::string& out) {
  if (!out.empty()) out += ',';
  absl::StrAppendFormat(&out, R"({"method":"%s","age_ms":%.3f)", call.method().name(),
                        milliseconds(now - call.arrival()));
  if (const TimePoint deadline = call.context().deadline(); deadline != kForever) {
    absl::StrAppendFormat(&out, R"(,"deadline_ms":%.3f)", milliseconds(deadline - now));
  }
  if (const Span* span = call.span()) {
    const auto& id = span->ref().context.trace_id;
    absl::StrAppend(&out, R"(,"trace_id":")", telemetry::to_hex(id.data(), id.size()), "\"");
  }
  absl::StrAppend(&out, R"(,"task":)", dump_task_json(call.task(), now), "}");
}

Page text(rpc::Server& server) {
  Page page;
  for (const Told& told : ask(server, append_text)) {
    absl::StrAppend(&page.body, "== ", told.loop, ": ", told.count, " calls in progress",
                    told.complete ? "" : ", and it DID NOT ANSWER in time: it is stuck or busy",
                    "\n\n", told.calls);
  }
  return page;
}

Page json(rpc::Server& server) {
  Page page{.content_type = "application/json", .body = R"({"loops":[)"};
  const char* comma = "";
  for (const Told& told : ask(server, append_json)) {
    absl::StrAppend(&page.body, std::exchange(comma, ","), R"({"loop":")", told.loop,
                    R"(","answered":)", told.complete ? "true" : "false", R"(,"calls":[)",
                    told.calls, "]}");
  }
  page.body += "]}\n";
  return page;
}

}  // namespace

void add_tasks(AdminServer& admin, rpc::Server& server) {
  admin.add("/tasks", [&server] { return text(server); });
  admin.add("/tasks.json", [&server] { return json(server); });
}

}  // namespace weir::admin
