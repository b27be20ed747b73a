// SPDX-License-Identifier: Apache-2.0
#include "async/run_on.h"

namespace weir::detail {

void RunOnBase::Remote::run() {
  if (!run_.has_value()) {
    run_.emplace(*this);
    run_->start(*call_.there_, call_.make_task());
    return;
  }
  try {
    run_->rethrow();
  } catch (...) {
    call_.exception_ = std::current_exception();
  }
  run_.reset();
  call_.complete();
}

}  // namespace weir::detail
