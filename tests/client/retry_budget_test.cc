// SPDX-License-Identifier: Apache-2.0
#include "client/retry_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace weir::client {
namespace {

int withdraw_all(RetryBudget& budget) {
  int count = 0;
  while (budget.withdraw()) ++count;
  return count;
}

RetryOptions options(double ratio, int burst) {
  RetryOptions result;
  result.budget_ratio = ratio;
  result.budget_burst = burst;
  return result;
}

TEST(RetryBudget, BeginsWithItsBurst) {
  RetryBudget budget(options(0.1, 10));
  EXPECT_EQ(withdraw_all(budget), 10);
}

TEST(RetryBudget, EarnsOneRetryInTenCalls) {
  RetryBudget budget(options(0.1, 10));
  withdraw_all(budget);
  for (int i = 0; i < 9; ++i) budget.deposit();
  EXPECT_FALSE(budget.withdraw());
  budget.deposit();
  EXPECT_TRUE(budget.withdraw());
  EXPECT_FALSE(budget.withdraw());
}

TEST(RetryBudget, NeverSavesMoreThanItsBurst) {
  RetryBudget budget(options(0.1, 3));
  for (int i = 0; i < 1000; ++i) budget.deposit();
  EXPECT_EQ(withdraw_all(budget), 3);
}

TEST(RetryBudget, LosesNothingAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kDeposits = 10'000;
  RetryBudget budget(options(0.1, kThreads * kDeposits));
  withdraw_all(budget);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kDeposits; ++n) budget.deposit();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(withdraw_all(budget), kThreads * kDeposits / 10);
}

}  // namespace
}  // namespace weir::client
