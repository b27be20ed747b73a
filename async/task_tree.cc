// SPDX-License-Identifier: Apache-2.0
#include "async/task_tree.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "async/detail/task_node.h"

namespace weir {
namespace {

std::string_view file_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

void dump(const detail::TaskNode& task, TimePoint now, std::size_t depth, std::string& out) {
  out.append(2 * depth, ' ');
  absl::StrAppendFormat(&out, "%s  %s", task.function().function_name(),
                        file_name(task.function().file_name()));
  if (const detail::Wait* wait = task.wait()) {
    absl::StrAppendFormat(&out, "  awaits %s at %s:%d for %.3f ms", wait->what,
                          file_name(wait->where.file_name()), wait->where.line(),
                          std::chrono::duration<double, std::milli>(now - wait->since).count());
  }
  out += '\n';
  for (const auto* child = task.first_child(); child != nullptr; child = child->next_sibling()) {
    dump(*child, now, depth + 1, out);
  }
}

}  // namespace

std::string dump_tasks(const EventLoop& loop) {
  std::string out;
  for (const auto* root = loop.roots(); root != nullptr; root = root->next_sibling()) {
    dump(*root, loop.now(), 0, out);
  }
  return out;
}

std::string dump_task(const detail::TaskNode& task, TimePoint now) {
  std::string out;
  dump(task, now, 0, out);
  return out;
}

}  // namespace weir
