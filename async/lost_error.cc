// SPDX-License-Identifier: Apache-2.0
#include "async/lost_error.h"

#include <cstdio>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "async/detail/file_name.h"

namespace weir {
namespace {

struct Hook {
  std::mutex mutex;
  LostErrorHook hook;
};

Hook& the_hook() {
  static auto* const hook = new Hook;  // never destroyed: a loop may outlive main's statics
  return *hook;
}

}  // namespace

std::string LostError::describe() const {
  std::string text;
  if (!task.empty()) absl::StrAppend(&text, "\"", task, "\", ");
  absl::StrAppendFormat(&text, "%s at %s:%d, spawned for %s:%d, ended with %s, and nobody looked",
                        function.function_name(), detail::file_name(function.file_name()),
                        function.line(), detail::file_name(set.file_name()), set.line(),
                        status.ToString());
  return text;
}

LostErrorHook set_lost_error_hook(LostErrorHook hook) {
  std::lock_guard lock(the_hook().mutex);
  return std::exchange(the_hook().hook, std::move(hook));
}

void report_lost_error(const LostError& lost) {
  std::lock_guard lock(the_hook().mutex);
  if (the_hook().hook) return the_hook().hook(lost);
  std::fprintf(stderr, "weir: a task's error was lost: %s\n", lost.describe().c_str());
}

namespace detail {

absl::Status status_of_exception(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("it threw: ", exception.what()));
  } catch (...) {
    return absl::InternalError("it threw");
  }
}

}  // namespace detail
}  // namespace weir
