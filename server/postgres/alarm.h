// SPDX-License-Identifier: Apache-2.0
#pragma once

// Alarm: wakes one thread that sleeps until a time. A ring that comes early is not lost.

#include <condition_variable>
#include <mutex>

#include "async/time.h"

namespace weir::postgres::detail {

class Alarm {
 public:
  void ring() {
    {
      std::lock_guard lock(mutex_);
      is_rung_ = true;
    }
    rung_.notify_one();
  }

  void sleep_until(TimePoint time) {
    std::unique_lock lock(mutex_);
    const auto is_rung = [this] { return is_rung_; };
    if (time == kForever) {
      rung_.wait(lock, is_rung);
    } else {
      rung_.wait_until(lock, time, is_rung);
    }
    is_rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
  bool is_rung_ = false;
};

}  // namespace weir::postgres::detail
