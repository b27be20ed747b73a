// SPDX-License-Identifier: Apache-2.0
#include "async/oneshot.h"

namespace weir::oneshot::detail {

bool State::take() {
  std::lock_guard lock(mutex);
  return std::exchange(has_value, false);
}

}  // namespace weir::oneshot::detail
