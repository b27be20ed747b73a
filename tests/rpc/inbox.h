// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inbox: what handlers, on the loops' threads, tell a test, on its own. A wait is bounded: a test
// fails instead of hanging.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace weir::rpc::test {

// The longest that anything here may take, sanitizers and a busy machine included.
inline constexpr std::chrono::seconds kPatience{20};

template <class T>
class Inbox {
 public:
  void put(T value) {
    std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  // The oldest; nullopt, and a failure, if none comes.
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return !values_.empty(); })) {
      ADD_FAILURE() << "nothing came";
      return std::nullopt;
    }
    std::optional<T> value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() const {
    std::lock_guard lock(mutex_);
    return values_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

// Waits until `condition()` holds, which another thread makes true without telling.
template <class Condition>
[[nodiscard]] bool eventually(const Condition& condition) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace weir::rpc::test
