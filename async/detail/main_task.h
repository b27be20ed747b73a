// SPDX-License-Identifier: Apache-2.0
#pragma once

// MainTask: the one task that a loop runs until it has ended, and how its result comes out.

#include <optional>
#include <type_traits>
#include <utility>

#include "async/detail/root.h"

namespace weir::detail {

class MainTask final : public Root {
 public:
  bool has_ended() const { return has_ended_; }

 private:
  void ended() noexcept override { has_ended_ = true; }
  bool has_ended_ = false;
};

template <class T>
Task<void> store_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}

// `run_void` runs a Task<void> to its end.
template <class T, class RunVoid>
T run_for_result(Task<T> task, RunVoid run_void) {
  if constexpr (std::is_void_v<T>) {
    run_void(std::move(task));
  } else {
    std::optional<T> result;
    run_void(store_result(std::move(task), result));
    return *std::move(result);
  }
}

}  // namespace weir::detail
