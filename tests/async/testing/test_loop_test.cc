// SPDX-License-Identifier: Apache-2.0
#include "async/testing/test_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/semaphore.h"
#include "async/testing/async_test.h"
#include "tests/async/probes.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

std::vector<int> order_under(std::uint64_t seed) {
  std::vector<int> order;
  auto step = [](int index, std::vector<int>& out) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      (void)co_await sleep(Duration(1));
      out.push_back(index);
    }
  };
  auto body = [&step](std::vector<int>& out) -> Task<void> {
    std::vector<Task<void>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(step(i, out));
    co_await join_all(std::move(tasks));
  };
  TestLoop loop(seed);
  EXPECT_EQ(loop.run(body(order)), "");
  return order;
}

TEST(TestLoop, ReplaysAScheduleFromItsSeed) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(order_under(seed), order_under(seed));
}

TEST(TestLoop, ExploresManySchedulesUnderManySeeds) {
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) orders.insert(order_under(seed));
  EXPECT_GT(orders.size(), 40U);
}

TEST(TestLoop, ThrowsWhatItsTaskThrows) {
  auto throws = []() -> Task<void> {
    (void)co_await settle();
    throw std::runtime_error("thrown");
  };
  TestLoop loop(1);
  EXPECT_THROW((void)loop.run(throws()), std::runtime_error);
}

TEST(TestLoop, WaitsInRealTimeOnlyForOtherThreads) {
  auto body = []() -> Task<void> {
    const Context& context = co_await this_context();
    const TimePoint begin = context.loop().now();
    CO_ASSERT_OK(co_await sleep(std::chrono::hours(24 * 365)));
    EXPECT_EQ(context.loop().now() - begin, std::chrono::hours(24 * 365));
  };
  const auto begin = std::chrono::steady_clock::now();
  TestLoop loop(1);
  EXPECT_EQ(loop.run(body()), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
}

Task<absl::Status> waits_for_what_nobody_gives(Semaphore& semaphore) {
  const absl::StatusOr<Permit> permit = co_await semaphore.acquire();
  co_return permit.status();
}

Task<void> hangs() {
  Semaphore semaphore(0);
  (void)co_await waits_for_what_nobody_gives(semaphore);
}

TEST(TestLoopDeathTest, PrintsTheTaskTreeOfAHangAndItsSeed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_under_seeds(&hangs),
               "A task hangs \\(replay with WEIR_TEST_SEED=1\\).*nothing can happen any more.*"
               "hangs.*waits_for_what_nobody_gives.*awaits semaphore at test_loop_test.cc");
}

Task<void> fails_twice() {
  (void)co_await settle();
  ADD_FAILURE() << "as it should";
  ADD_FAILURE() << "and again";
}

ASYNC_TEST(AsyncTest, DISABLED_FailsBesideASleeper) { co_await join(sleep_for(1h), fails_twice()); }

// In a process of its own: a failure cannot be expected in this one.
TEST(AsyncTest, PrintsTheTaskTreeOnceAtTheFirstFailure) {
  const std::string command = std::filesystem::read_symlink("/proc/self/exe").string() +
                              " --gtest_also_run_disabled_tests "
                              "--gtest_filter=AsyncTest.DISABLED_FailsBesideASleeper 2>&1";
  std::FILE* const run = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own binary
  ASSERT_NE(run, nullptr);
  std::string output;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), run) != nullptr) output += part.data();
  EXPECT_NE(::pclose(run), 0);
  EXPECT_THAT(output, HasSubstr("replay with WEIR_TEST_SEED=1"));
  const std::string heading = "The tasks at the first failure:";
  EXPECT_THAT(output, HasSubstr(heading));
  EXPECT_EQ(output.find(heading), output.rfind(heading));
  EXPECT_THAT(output, HasSubstr("  probes.h  awaits sleep at probes.h:"));
  EXPECT_THAT(output, HasSubstr("fails_twice"));
}

}  // namespace
}  // namespace weir::testing
