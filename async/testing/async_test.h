// SPDX-License-Identifier: Apache-2.0
#pragma once

// ASYNC_TEST: a GoogleTest whose body is a coroutine, run on a TestLoop once for each of many
// seeds. Tokio: #[tokio::test].
//
//     ASYNC_TEST(Sleep, EndsAtItsTime) {
//       const Context& context = co_await this_context();
//       ...
//       EXPECT_TRUE(status.ok());
//     }
//
// A failure names its seed, and the first of a run prints the task tree. WEIR_TEST_SEED=n runs that
// schedule alone, WEIR_TEST_SEEDS=n runs n of them. Trap: ASSERT_* cannot return from a coroutine:
// use CO_ASSERT_TRUE and its kin.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "async/task.h"
#include "async/testing/test_loop.h"

namespace weir::testing {

inline constexpr std::uint64_t kDefaultSeeds = 50;

// Runs the body under each seed until one fails. A hang prints the task tree and ends the process,
// because what hangs cannot be destroyed.
void run_under_seeds(Task<void> (*body)(), std::uint64_t seeds = kDefaultSeeds);

// The same for one run; `what` says how to come back to it.
void run_or_abort(TestLoop& loop, Task<void> body, const std::string& what);

}  // namespace weir::testing

#define ASYNC_TEST(suite, name) ASYNC_TEST_UNDER_SEEDS(suite, name, ::weir::testing::kDefaultSeeds)

// The same under so many seeds, for what is worth exploring.
#define ASYNC_TEST_UNDER_SEEDS(suite, name, seeds)                                       \
  static ::weir::Task<void> suite##_##name##_body();                                     \
  TEST(suite, name) { ::weir::testing::run_under_seeds(&suite##_##name##_body, seeds); } \
  static ::weir::Task<void> suite##_##name##_body()

#define CO_ASSERT_TRUE(condition)                          \
  do {                                                     \
    if (!(condition)) {                                    \
      ADD_FAILURE() << "expected to be true: " #condition; \
      co_return;                                           \
    }                                                      \
  } while (false)

// For anything with ok() and a Status behind it.
#define CO_ASSERT_OK(expression)                                                           \
  do {                                                                                     \
    if (const auto& co_assert_result = (expression); !co_assert_result.ok()) {             \
      ADD_FAILURE() << #expression << ": " << ::weir::detail::status_of(co_assert_result); \
      co_return;                                                                           \
    }                                                                                      \
  } while (false)
