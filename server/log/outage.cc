// SPDX-License-Identifier: Apache-2.0
#include "server/log/outage.h"

#include <chrono>
#include <utility>

namespace weir::log {

Outage::Part::~Part() {
  if (!is_failing_) return;
  const std::lock_guard lock(outage_.mutex_);
  --outage_.failing_;
}

void Outage::Part::failed(const Value& why) {
  outage_.failed(why, !std::exchange(is_failing_, true));
}

void Outage::Part::works() {
  if (std::exchange(is_failing_, false)) outage_.works();
}

void Outage::failed(const Value& why, bool is_new_part) {
  const std::lock_guard lock(mutex_);
  const bool begins = is_new_part && failing_++ == 0;
  if (begins) {
    attempts_ = 0;
    began_ = std::chrono::steady_clock::now();
  }
  ++attempts_;
  if (begins && sink_) sink_(Level::kWarning, words_.begins, {{"reason", why}});
}

void Outage::works() {
  const std::lock_guard lock(mutex_);
  if (--failing_ > 0 || !sink_) return;
  const double lasted = milliseconds(std::chrono::steady_clock::now() - began_);
  sink_(Level::kInfo, words_.is_over, {{"lasted_ms", lasted}, {"failed_attempts", attempts_}});
}

}  // namespace weir::log
