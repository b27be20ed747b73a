// SPDX-License-Identifier: Apache-2.0
#pragma once

// SectionBudget: how long an optional part of an answer may take. A fixed time, but never more than
// a share of what the call has left, so that there is time to answer without the part.

#include <algorithm>
#include <chrono>

#include "async/context.h"
#include "async/time.h"

namespace weir::dashboard {

struct SectionBudget {
  Duration most = std::chrono::seconds(1);
  int share = 80;  // percent of the time that is left

  Duration of(const Context& context) const {
    return std::min(most, context.remaining() / 100 * share);
  }
};

}  // namespace weir::dashboard
