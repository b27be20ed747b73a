// SPDX-License-Identifier: Apache-2.0
#include "async/task_tree.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "async/context.h"
#include "async/detail/file_name.h"
#include "async/detail/task_node.h"

namespace weir {
namespace {

using detail::file_name;
using detail::TaskNode;
using detail::Wait;

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string_view state_of(const TaskNode& task) {
  if (task.wait() != nullptr) return "waiting";
  if (task.awaited() != nullptr || task.first_child() != nullptr) return "awaiting children";
  return "running";
}

template <class Visit>
void for_each_child(const TaskNode& task, Visit visit) {
  if (task.awaited() != nullptr) visit(*task.awaited());
  for (const auto* child = task.first_child(); child != nullptr; child = child->next_sibling()) {
    visit(*child);
  }
}

template <class Visit>
void for_each_root(const EventLoop& loop, Visit visit) {
  for (const auto* root = loop.roots(); root != nullptr; root = root->next_sibling()) visit(*root);
}

// Null where it is only the parent's.
const char* own_name(const TaskNode& task) {
  return task.parent() != nullptr && task.parent()->name() == task.name() ? nullptr : task.name();
}

void append_text(const TaskNode& task, TimePoint now, std::size_t depth, std::string& out) {
  out.append(2 * depth, ' ');
  if (const char* name = own_name(task)) absl::StrAppend(&out, "\"", name, "\"  ");
  absl::StrAppendFormat(&out, "%s  %s", task.function().function_name(),
                        file_name(task.function().file_name()));
  if (const Wait* wait = task.wait()) {
    absl::StrAppendFormat(&out, "  awaits %s at %s:%d for %.3f ms", wait->what,
                          file_name(wait->where.file_name()), wait->where.line(),
                          milliseconds(now - wait->since));
  }
  if (const TimePoint deadline = task.context().deadline(); deadline != kForever) {
    absl::StrAppendFormat(&out, "  deadline in %.3f ms", milliseconds(deadline - now));
  }
  out += '\n';
  for_each_child(task, [&](const TaskNode& child) { append_text(child, now, depth + 1, out); });
}

// RFC 8259, section 7. Bytes above 127 pass as they are: names come from sources, which are UTF-8.
void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json_field(std::string_view key, std::string_view text, std::string& out) {
  absl::StrAppendFormat(&out, ",\"%s\":", key);
  append_json_string(text, out);
}

void append_json(const TaskNode& task, TimePoint now, std::string& out) {
  if (!out.empty() && out.back() == '}') out += ',';
  out += "{\"function\":";
  append_json_string(task.function().function_name(), out);
  if (const char* name = own_name(task)) append_json_field("name", name, out);
  append_json_field("file", task.function().file_name(), out);
  absl::StrAppend(&out, ",\"line\":", task.function().line());
  append_json_field("state", state_of(task), out);
  if (const Wait* wait = task.wait()) {
    append_json_field("awaits", wait->what, out);
    append_json_field("awaits_file", wait->where.file_name(), out);
    absl::StrAppend(&out, ",\"awaits_line\":", wait->where.line());
    absl::StrAppendFormat(&out, ",\"awaits_ms\":%.3f", milliseconds(now - wait->since));
  }
  if (const TimePoint deadline = task.context().deadline(); deadline != kForever) {
    absl::StrAppendFormat(&out, ",\"deadline_ms\":%.3f", milliseconds(deadline - now));
  }
  out += ",\"children\":[";
  for_each_child(task, [&](const TaskNode& child) { append_json(child, now, out); });
  out += "]}";
}

// Deletes itself after its one run.
class DumpRequest final : public Runnable {
 public:
  DumpRequest(EventLoop& loop, TaskDumpFormat format, std::function<void(std::string)> done)
      : loop_(loop), format_(format), done_(std::move(done)) {}

 private:
  void run() override {
    done_(format_ == TaskDumpFormat::kJson ? dump_tasks_json(loop_) : dump_tasks(loop_));
    delete this;
  }

  EventLoop& loop_;
  const TaskDumpFormat format_;
  const std::function<void(std::string)> done_;
};

}  // namespace

std::string dump_tasks(const EventLoop& loop) {
  std::string out;
  for_each_root(loop, [&](const TaskNode& root) { append_text(root, loop.now(), 0, out); });
  return out;
}

std::string dump_tasks_json(const EventLoop& loop) {
  std::string out = "[";
  for_each_root(loop, [&](const TaskNode& root) { append_json(root, loop.now(), out); });
  out += ']';
  return out;
}

void request_task_dump(EventLoop& loop, TaskDumpFormat format,
                       std::function<void(std::string dump)> done) {
  loop.post(*new DumpRequest(loop, format, std::move(done)));
}

std::string dump_task(const TaskNode& task, TimePoint now) {
  std::string out;
  append_text(task, now, 0, out);
  return out;
}

std::string dump_task_json(const TaskNode& task, TimePoint now) {
  std::string out;
  append_json(task, now, out);
  return out;
}

}  // namespace weir
