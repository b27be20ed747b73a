// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unsettled: the keys of which Redis may hold something that this process knows to be old, because
// a write of it was not taken. They are read from the database until it was.
//
// Thread: any. Asking costs one atomic load as long as there are none, which is nearly always.

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace weir::redis {

class Unsettled {
 public:
  bool contains(const std::string& key) const;
  std::size_t size() const { return size_.load(std::memory_order_acquire); }

  // Counted: a key is contained until it was removed as often as it was added. False, and not
  // added, if there are `max` already.
  bool add(const std::string& key, std::size_t max);
  void remove(const std::string& key);

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, std::size_t> writes_;
  std::atomic<std::size_t> size_ = 0;  // writes, not keys
};

}  // namespace weir::redis
