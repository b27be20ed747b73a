// SPDX-License-Identifier: Apache-2.0
#include "async/with_scope.h"

#include <exception>

namespace weir {

Task<absl::Status> TaskScope::drain() {
  absl::Status first;
  std::exception_ptr thrown;
  bool stopping = false;
  while (!set_.empty()) {
    absl::Status error;
    try {
      std::optional<absl::Status> ended = co_await set_.join_next();
      error = *std::move(ended);
    } catch (...) {
      if (!thrown) thrown = std::current_exception();
      error = absl::InternalError("a task threw");
    }
    if (error.ok() || (cancelled_ && absl::IsCancelled(error))) continue;
    if (first.ok()) first = error;
    if (!stopping) set_.abort_all();
    stopping = true;
  }
  if (thrown) std::rethrow_exception(thrown);
  co_return first;
}

}  // namespace weir
