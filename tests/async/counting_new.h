// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts what goes through the global operator new. To be linked with allocation_test.cc, which
// replaces it.

#include <atomic>

namespace weir::testing {

inline std::atomic<long> allocations = 0;  // so far
inline std::atomic<long> live_blocks = 0;  // not yet deleted

}  // namespace weir::testing
