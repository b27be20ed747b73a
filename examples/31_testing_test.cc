// SPDX-License-Identifier: Apache-2.0
// Tests of async code: no real time passes, and each body runs under many schedules.
// Tokio: #[tokio::test(start_paused = true)], assert_ok!.
#include <gtest/gtest.h>

#include "async/join.h"
#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<int>> answer() {
  co_await or_return(co_await sleep(24h));
  co_return 42;
}

// A day, in no time: the clock stands still while anything can run, and then leaps.
ASYNC_TEST(TestingExample, ADayPassesInAMoment) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  const absl::StatusOr<int> value = co_await answer();
  CO_ASSERT_OK(value);  // ASSERT_* cannot return from a coroutine
  EXPECT_EQ(*value, 42);
  EXPECT_EQ(loop.now() - begin, 24h);
}

ASYNC_TEST(TestingExample, ATimeoutIsExact) {
  const absl::StatusOr<int> value = co_await timeout(23h, answer());
  EXPECT_TRUE(absl::IsDeadlineExceeded(value.status()));
}

// What is ready at once runs in an order drawn from the seed: a test that passes has met many.
// A failure prints the seed, and WEIR_TEST_SEED=n runs that order again. A task that nothing can
// wake is a failure that prints the task tree; an error that nobody looked at is one too.
ASYNC_TEST_UNDER_SEEDS(TestingExample, NobodyIsInsideWithAnother, 500) {
  Semaphore semaphore(1);
  int inside = 0;
  auto enter = [&]() -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await semaphore.acquire());
    EXPECT_EQ(++inside, 1);
    co_await or_return(co_await sleep(1ms));
    --inside;
    co_return absl::OkStatus();
  };
  const auto [a, b, c] = co_await join(enter(), enter(), enter());
  EXPECT_TRUE(a.ok() && b.ok() && c.ok());
}

}  // namespace
}  // namespace weir::examples
