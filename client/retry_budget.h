// SPDX-License-Identifier: Apache-2.0
#pragma once

// RetryBudget: how many retries a client may add to its calls. Finagle: RetryBudget; Tokio:
// tower::retry::budget::TpsBudget.
//
// Without one, four attempts a call turn an overload into one four times as large, and the service
// never comes back. Each call pays in a fraction of a retry, each retry takes a whole one: in the
// long run retries are at most that fraction of the calls, and after a quiet time there is a small
// burst.
//
// Thread: any. One per Channel, shared by all its calls.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "client/channel_options.h"

namespace weir::client {

class RetryBudget {
 public:
  // Begins with its burst full, so that a program's first call may be retried too.
  explicit RetryBudget(const RetryOptions& options)
      : deposit_(static_cast<std::int64_t>(options.budget_ratio * kRetry)),
        capacity_(options.budget_burst * kRetry),
        balance_(capacity_) {}

  // A call begins.
  void deposit() {
    std::int64_t balance = balance_.load(std::memory_order_relaxed);
    while (balance < capacity_ &&
           !balance_.compare_exchange_weak(balance, std::min(capacity_, balance + deposit_),
                                           std::memory_order_relaxed)) {
    }
  }

  // A retry wants to begin. False: the budget is spent, let the error stand.
  [[nodiscard]] bool withdraw() {
    std::int64_t balance = balance_.load(std::memory_order_relaxed);
    while (balance >= kRetry) {
      if (balance_.compare_exchange_weak(balance, balance - kRetry, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::int64_t kRetry = 1000;  // whole numbers: sums of 0.1 are not exact

  const std::int64_t deposit_;
  const std::int64_t capacity_;
  std::atomic<std::int64_t> balance_;
};

}  // namespace weir::client
