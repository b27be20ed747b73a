// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/admission.h"

namespace weir::rpc {

Admission::Place Admission::enter() {
  arrived_.fetch_add(1, std::memory_order_acq_rel);
  std::size_t state = state_.load(std::memory_order_acquire);
  while ((state & kClosed) == 0 && state / kCall < max_calls_) {
    if (state_.compare_exchange_weak(state, state + kCall, std::memory_order_acq_rel)) {
      return Place(this);
    }
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return Place();
}

}  // namespace weir::rpc
