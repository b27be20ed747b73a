// SPDX-License-Identifier: Apache-2.0
#include "async/runtime.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/with_scope.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

std::string thread_name() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(Runtime, StartsAndStopsWithoutWork) {
  for (int i = 0; i < 20; ++i) {
    const Runtime runtime("idle", 3);
    EXPECT_EQ(runtime.size(), 3U);
  }
}

TEST(Runtime, NamesItsThreads) {
  Runtime runtime("shard", 2);
  auto body = [&]() -> Task<void> {
    auto name = []() -> Task<std::string> { co_return thread_name(); };
    const std::string first = co_await run_on(runtime.loop(0), name);
    const std::string second = co_await run_on(runtime.loop(1), name);
    EXPECT_EQ(first, "shard-0");
    EXPECT_EQ(second, "shard-1");
  };
  runtime.block_on(body());
}

TEST(Runtime, TakesItsLoopsInTurn) {
  Runtime runtime("turn", 3);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(&runtime.next_loop(), &runtime.loop(i));
  }
}

TEST(Runtime, RunsThereWhatAScopeHereWaitsFor) {
  Runtime runtime("scope", 3);
  Semaphore two(2);
  std::atomic<int> inside = 0;
  std::atomic<int> done = 0;
  auto work = [&]() -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await two.acquire());
    EXPECT_LE(++inside, 2);
    co_await or_return(co_await sleep(100us));
    --inside;
    ++done;
    co_return absl::OkStatus();
  };
  auto body = [&](TaskScope& scope) -> Task<absl::StatusOr<int>> {
    for (int i = 0; i < 50; ++i) scope.spawn(run_on(runtime.next_loop(), work));
    co_return 7;
  };
  const absl::StatusOr<int> result = runtime.block_on(with_scope(body));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(done, 50);
}

TEST(Runtime, StopsTheOthersAtTheFirstErrorOfOne) {
  Runtime runtime("error", 2);
  auto forever = []() -> Task<absl::Status> { co_return co_await sleep(1h); };
  auto fails = []() -> Task<absl::Status> {
    (void)co_await sleep(1ms);
    co_return absl::NotFoundError("one");
  };
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(run_on(runtime.loop(0), forever));
    scope.spawn(run_on(runtime.loop(1), forever));
    scope.spawn(run_on(runtime.loop(1), fails));
    co_return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsNotFound(runtime.block_on(with_scope(body))));
}

}  // namespace
}  // namespace weir
