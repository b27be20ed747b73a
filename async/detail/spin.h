// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looks for something another thread is about to do before the caller goes to sleep: to be woken
// costs both threads a trip to the kernel, tens of microseconds on a virtual machine. So a wait
// that is short costs no trip, and one that is long no more than about twice what it would.

#include <chrono>
#include <thread>

#include "async/time.h"

namespace weir::detail {

inline constexpr Duration kSpin = std::chrono::microseconds(10);

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Whether `done()` came true within kSpin.
template <class Done>
bool spin_until(Done done) {
  static const bool somebody_else_can_run = std::thread::hardware_concurrency() > 1;
  if (!somebody_else_can_run) return done();
  const TimePoint end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace weir::detail
