// SPDX-License-Identifier: Apache-2.0
#include "async/blocking_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include "async/join.h"
#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

template <class F>
Task<std::invoke_result_t<F&>> blocking(BlockingPool& pool, F fn) {
  co_return co_await spawn_blocking(pool, std::move(fn));
}

TEST(BlockingPool, RunsAFunctionOnAnotherThreadAndResumesOnTheLoop) {
  auto body = [](BlockingPool& pool) -> Task<void> {
    const std::thread::id here = std::this_thread::get_id();
    auto fn = [] { return std::this_thread::get_id(); };
    const absl::StatusOr<std::thread::id> there = co_await spawn_blocking(pool, fn);
    CO_ASSERT_OK(there);
    EXPECT_NE(*there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
  };
  BlockingPool pool("test", 2, 2);
  ThreadLoop loop;
  loop.run(body(pool));
}

ASYNC_TEST(BlockingPool, PassesStatusesOnAndWrapsEverythingElse) {
  BlockingPool pool("test", 1, 10);
  auto number = [text = std::make_unique<std::string>("12345")] { return text->size(); };
  const absl::StatusOr<std::size_t> wrapped = co_await spawn_blocking(pool, std::move(number));
  EXPECT_EQ(wrapped.value(), 5U);
  auto fails = []() -> absl::StatusOr<int> { return absl::DataLossError("gone"); };
  const absl::StatusOr<int> passed = co_await spawn_blocking(pool, fails);
  EXPECT_EQ(passed.status(), absl::DataLossError("gone"));
  bool ran = false;
  auto nothing = [&ran] { ran = true; };
  const absl::Status status = co_await spawn_blocking(pool, nothing);
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(ran);
}

ASYNC_TEST(BlockingPool, LetsAnExceptionOutOfTheAwait) {
  BlockingPool pool("test", 1, 10);
  auto throws = []() -> int { throw std::runtime_error("thrown"); };
  std::string caught;
  try {
    (void)co_await spawn_blocking(pool, throws);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "thrown");
}

ASYNC_TEST(BlockingPool, LetsGoOfWhatTheFunctionHoldsBeforeItAnswersHoweverItEnds) {
  BlockingPool pool("test", 1, 10);
  int alive = 0;
  auto returns = [held = testing::Alive(alive)] { return 1; };
  const absl::StatusOr<int> value = co_await spawn_blocking(pool, std::move(returns));
  EXPECT_EQ(value.value(), 1);
  EXPECT_EQ(alive, 0);
  auto throws = [held = testing::Alive(alive)]() -> int { throw std::runtime_error("thrown"); };
  bool caught = false;
  try {
    (void)co_await spawn_blocking(pool, std::move(throws));
  } catch (const std::runtime_error&) {
    caught = true;
    EXPECT_EQ(alive, 0);
  }
  EXPECT_TRUE(caught);
}

ASYNC_TEST(BlockingPool, RefusesWhatItsThreadsAndQueueCannotTake) {
  std::counting_semaphore<2> gate(0);
  BlockingPool pool("test", 1, 1);
  auto wait = [&gate]() -> absl::Status {
    gate.acquire();
    return absl::OkStatus();
  };
  auto third = [](BlockingPool& full, std::counting_semaphore<2>& open) -> Task<absl::Status> {
    auto nothing = [] { return absl::OkStatus(); };
    absl::Status status = co_await spawn_blocking(full, nothing);
    open.release(2);
    co_return status;
  };
  const auto [a, b, c] =
      co_await join(blocking(pool, wait), blocking(pool, wait), third(pool, gate));
  EXPECT_TRUE(a.ok());
  EXPECT_TRUE(b.ok());
  EXPECT_TRUE(absl::IsUnavailable(c)) << c;
}

// A thread that has reported its result counts as free from that moment.
TEST(BlockingPool, TakesTheNextFunctionAsSoonAsOneHasAnswered) {
  auto body = [](BlockingPool& pool) -> Task<void> {
    for (int i = 0; i < 20'000; ++i) {
      auto fn = [i] { return i; };
      const absl::StatusOr<int> value = co_await spawn_blocking(pool, fn);
      CO_ASSERT_OK(value);
      EXPECT_EQ(*value, i);
    }
  };
  BlockingPool pool("test", 1, 0);
  ThreadLoop loop;
  loop.run(body(pool));
}

ASYNC_TEST(BlockingPool, NeverBeginsAFunctionThatWasCancelledInTheQueue) {
  std::binary_semaphore gate(0);
  std::atomic<bool> ran = false;
  BlockingPool pool("test", 1, 5);
  auto wait = [&gate]() -> absl::Status {
    gate.acquire();
    return absl::OkStatus();
  };
  auto queued = [&ran]() -> absl::Status {
    ran = true;
    return absl::OkStatus();
  };
  auto cancel_then_open = [&]() -> Task<void> {
    auto now = []() -> Task<void> { co_return; };
    const auto first = co_await select(blocking(pool, queued), now());
    EXPECT_EQ(first.index(), 1U);
    EXPECT_LE(pool.queued(), 1U);  // the one before it, if that has not begun
    gate.release(1);
  };
  co_await join(blocking(pool, wait), cancel_then_open());
  EXPECT_FALSE(ran);
}

ASYNC_TEST(BlockingPool, DropsTheResultOfAFunctionCancelledAfterItBegan) {
  std::latch begun(1);
  std::binary_semaphore gate(0);
  auto finished = std::make_shared<std::atomic<bool>>(false);
  {
    BlockingPool pool("test", 1, 5);
    auto wait = [&begun, &gate, finished]() -> absl::Status {
      begun.count_down();
      gate.acquire();
      *finished = true;
      return absl::OkStatus();
    };
    auto when_begun = [](std::latch& latch) -> Task<void> {
      latch.wait();
      co_return;
    };
    const auto first = co_await select(blocking(pool, wait), when_begun(begun));
    EXPECT_EQ(first.index(), 1U);
    EXPECT_FALSE(*finished);  // the caller went on, the function runs on
    gate.release(1);
  }
  EXPECT_TRUE(*finished);  // the pool waited for it
}

TEST(BlockingPool, RunsWhatIsQueuedBeforeItIsDestroyed) {
  std::atomic<int> ran = 0;
  auto body = [](BlockingPool& pool, std::atomic<int>& count) -> Task<void> {
    std::vector<Task<absl::Status>> tasks;
    for (int i = 0; i < 50; ++i) {
      auto fn = [&count]() -> absl::Status {
        ++count;
        return absl::OkStatus();
      };
      tasks.push_back(blocking(pool, fn));
    }
    const std::vector<absl::Status> all = co_await join_all(std::move(tasks));
    for (const absl::Status& status : all) EXPECT_TRUE(status.ok()) << status;
  };
  {
    BlockingPool pool("test", 3, 50);
    ThreadLoop loop;
    loop.run(body(pool, ran));
  }
  EXPECT_EQ(ran, 50);
}

// Deadlines fall before, while and after the functions run.
TEST(BlockingPool, SurvivesCancellationAtEveryPoint) {
  auto one = [](BlockingPool& pool, int index) -> Task<absl::Status> {
    auto fn = [text = std::string("a text that is too long to be kept inline")]() -> absl::Status {
      std::this_thread::yield();
      return text.empty() ? absl::InternalError("lost") : absl::OkStatus();
    };
    co_return co_await timeout((index % 10) * 5us, blocking(pool, std::move(fn)));
  };
  auto body = [&one](BlockingPool& pool) -> Task<void> {
    for (int round = 0; round < 20; ++round) {
      std::vector<Task<absl::Status>> tasks;
      for (int i = 0; i < 100; ++i) tasks.push_back(one(pool, i));
      const std::vector<absl::Status> all = co_await join_all(std::move(tasks));
      for (const absl::Status& status : all) {
        EXPECT_TRUE(status.ok() || absl::IsDeadlineExceeded(status)) << status;
      }
    }
  };
  BlockingPool pool("test", 2, 100);
  ThreadLoop loop;
  loop.run(body(pool));
}

}  // namespace
}  // namespace weir
