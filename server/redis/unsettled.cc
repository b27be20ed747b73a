// SPDX-License-Identifier: Apache-2.0
#include "server/redis/unsettled.h"

namespace weir::redis {

bool Unsettled::contains(const std::string& key) const {
  if (size() == 0) return false;
  std::lock_guard lock(mutex_);
  return writes_.contains(key);
}

bool Unsettled::add(const std::string& key, std::size_t max) {
  std::lock_guard lock(mutex_);
  if (size() >= max) return false;
  ++writes_[key];
  size_.store(size() + 1, std::memory_order_release);
  return true;
}

void Unsettled::remove(const std::string& key) {
  std::lock_guard lock(mutex_);
  const auto at = writes_.find(key);
  if (--at->second == 0) writes_.erase(at);
  size_.store(size() - 1, std::memory_order_release);
}

}  // namespace weir::redis
