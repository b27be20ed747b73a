// SPDX-License-Identifier: Apache-2.0
#include "async/once_cell.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<int>> load(int& calls, Duration time, absl::StatusOr<int> result) {
  ++calls;
  const absl::Status slept = co_await sleep(time);
  if (!slept.ok()) co_return slept;
  co_return result;
}

ASYNC_TEST(OnceCell, IsMadeOnceHoweverManyAsk) {
  OnceCell<int> cell;
  EXPECT_EQ(cell.get(), nullptr);
  int calls = 0;
  auto init = [&calls] { return load(calls, 1s, 7); };
  const auto [a, b, c] = co_await join(cell.get_or_try_init(init), cell.get_or_try_init(init),
                                       cell.get_or_try_init(init));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(*a.value(), 7);
  EXPECT_EQ(a.value(), b.value());
  EXPECT_EQ(a.value(), c.value());
  EXPECT_EQ(cell.get(), a.value());
}

ASYNC_TEST(OnceCell, LetsTheNextTryWhenOneFailed) {
  OnceCell<int> cell;
  int calls = 0;
  auto fails = [&calls] { return load(calls, 1s, absl::UnavailableError("down")); };
  auto works = [&calls] { return load(calls, 1s, 7); };
  const auto [a, b] = co_await join(cell.get_or_try_init(fails), cell.get_or_try_init(works));
  EXPECT_TRUE(absl::IsUnavailable(a.status()));
  EXPECT_EQ(*b.value(), 7);
  EXPECT_EQ(calls, 2);
}

ASYNC_TEST(OnceCell, LetsTheNextTryWhenOneWasToldToStop) {
  OnceCell<int> cell;
  int calls = 0;
  auto slow = [&calls] { return load(calls, 1h, 1); };
  auto works = [&calls] { return load(calls, 1s, 7); };
  const auto [a, b] =
      co_await join(timeout(1s, cell.get_or_try_init(slow)), cell.get_or_try_init(works));
  EXPECT_TRUE(absl::IsDeadlineExceeded(a.status()));
  EXPECT_EQ(*b.value(), 7);
}

ASYNC_TEST(OnceCell, LetsTheNextTryWhenOneThrew) {
  OnceCell<int> cell;
  auto throws = []() -> Task<int> {
    (void)co_await sleep(1s);
    throw std::runtime_error("thrown");
  };
  bool thrown = false;
  try {
    (void)co_await cell.get_or_init(throws);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  auto works = [] { return testing::value_after(1s, 7); };
  const absl::StatusOr<const int*> value = co_await cell.get_or_init(works);
  EXPECT_EQ(*value.value(), 7);
}

ASYNC_TEST(OnceCell, CanBeSetWhileNobodyMakesIt) {
  OnceCell<std::unique_ptr<int>> cell;
  CO_ASSERT_OK(cell.set(std::make_unique<int>(1)));
  EXPECT_TRUE(absl::IsAlreadyExists(cell.set(std::make_unique<int>(2))));
  EXPECT_EQ(**cell.get(), 1);
  OnceCell<int> busy;
  int calls = 0;
  auto init = [&calls] { return load(calls, 1s, 7); };
  auto set = [](OnceCell<int>& other) -> Task<absl::Status> {
    (void)co_await testing::settle();
    co_return other.set(2);
  };
  const auto [made, refused] = co_await join(busy.get_or_try_init(init), set(busy));
  EXPECT_EQ(*made.value(), 7);
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
}

TEST(OnceCellAcrossThreads, IsMadeOnceAndSeenWholeByAll) {
  for (int round = 0; round < 100; ++round) {
    OnceCell<std::string> cell;
    std::atomic<int> calls = 0;
    auto init = [&calls]() -> Task<std::string> {
      ++calls;
      (void)co_await sleep(10us);
      co_return "a value that is too long to be kept inline";
    };
    auto use = [&]() -> Task<void> {
      const absl::StatusOr<const std::string*> value = co_await cell.get_or_init(init);
      EXPECT_EQ(value.value()->size(), 42U);
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&use] {
        ThreadLoop loop;
        loop.run(use());
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(calls, 1);
  }
}

}  // namespace
}  // namespace weir
