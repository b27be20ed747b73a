// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of async/ look at lifetimes and schedules with.

#include <functional>
#include <utility>
#include <vector>

#include "async/sleep.h"
#include "async/task.h"
#include "async/time.h"

namespace weir::testing {

using namespace std::chrono_literals;  // NOLINT: for tests

// Counts its instances that have not been moved from. A count below zero is a double destruction.
class Alive {
 public:
  explicit Alive(int& count) : count_(&count) { ++*count_; }
  Alive(Alive&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Alive& operator=(Alive&&) = delete;
  ~Alive() {
    if (count_ != nullptr) --*count_;
  }

 private:
  int* count_;
};

inline std::vector<int> one_to(int last) {
  std::vector<int> all;
  for (int i = 1; i <= last; ++i) all.push_back(i);
  return all;
}

// A Runnable made of a function.
class Posted final : public Runnable {
 public:
  explicit Posted(std::function<void()> fn) : fn_(std::move(fn)) {}
  void run() override { fn_(); }

 private:
  std::function<void()> fn_;
};

// Lets everything run that can: under a TestLoop time only moves when nothing else does.
[[nodiscard]] inline auto settle() { return sleep(Duration(1)); }

// A sleep as a task, for select and its kin.
inline Task<absl::Status> sleep_for(Duration time) { co_return co_await sleep(time); }

// Ends after `time` with `value`, cancelled or not.
template <class T>
Task<T> value_after(Duration time, T value) {
  (void)co_await sleep(time);
  co_return value;
}

// Ends after `time` with `status`, or with its own cancellation.
inline Task<absl::Status> status_after(Duration time, absl::Status status) {
  absl::Status slept = co_await sleep(time);
  co_return slept.ok() ? status : slept;
}

inline Task<absl::Status> until_cancelled() { co_return co_await sleep_until(kForever); }

}  // namespace weir::testing
