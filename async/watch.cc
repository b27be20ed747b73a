// SPDX-License-Identifier: Apache-2.0
#include "async/watch.h"

namespace weir::watch::detail {

absl::Status Changed::await_resume() {
  absl::Status status = finish();
  if (!status.ok()) return status;
  std::lock_guard lock(mutex());
  return state_.version != seen_ ? absl::OkStatus() : absl::AbortedError("the sender is gone");
}

}  // namespace weir::watch::detail
