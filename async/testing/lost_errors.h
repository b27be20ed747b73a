// SPDX-License-Identifier: Apache-2.0
#pragma once

// LostErrors: catches what goes to the hook of async/lost_error.h while it lives. Tokio: a panic
// hook that a test sets.
//
//     testing::LostErrors lost;
//     ...
//     EXPECT_THAT(lost.take(), ElementsAre(HasSubstr("UNAVAILABLE")));
//
// ASYNC_TEST has one, and what is left in it is a failure. One inside the other: the inner catches.
//
// Thread: any. Trap: the hook is the process's.

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "async/lost_error.h"

namespace weir::testing {

class LostErrors {
 public:
  LostErrors() {
    before_ = set_lost_error_hook([this](const LostError& lost) {
      std::lock_guard lock(mutex_);
      caught_.push_back(lost.describe());
    });
  }
  ~LostErrors() { set_lost_error_hook(std::move(before_)); }
  LostErrors(const LostErrors&) = delete;
  LostErrors& operator=(const LostErrors&) = delete;

  // What was caught since the last call, each described.
  std::vector<std::string> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(caught_, {});
  }

 private:
  LostErrorHook before_;
  std::mutex mutex_;
  std::vector<std::string> caught_;
};

}  // namespace weir::testing
