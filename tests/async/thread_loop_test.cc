// SPDX-License-Identifier: Apache-2.0
#include "async/thread_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "async/cancelled.h"
#include "async/sleep.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Posted;

TEST(ThreadLoop, ReturnsTheResultOfItsTask) {
  auto body = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  ThreadLoop loop;
  EXPECT_EQ(*loop.run(body()), 3);
}

TEST(ThreadLoop, ThrowsWhatItsTaskThrowsAndCanRunAgain) {
  auto throws = []() -> Task<int> {
    (void)co_await sleep(1us);
    throw std::runtime_error("thrown");
  };
  auto body = []() -> Task<int> { co_return 1; };
  ThreadLoop loop;
  EXPECT_THROW(loop.run(throws()), std::runtime_error);
  EXPECT_EQ(loop.run(body()), 1);
}

TEST(ThreadLoop, NeverWakesASleeperEarly) {
  auto body = []() -> Task<void> {
    for (int i = 0; i < 20; ++i) {
      const TimePoint begin = std::chrono::steady_clock::now();
      EXPECT_TRUE((co_await sleep(100us)).ok());
      EXPECT_GE(std::chrono::steady_clock::now() - begin, 100us);
    }
  };
  ThreadLoop loop;
  loop.run(body());
}

TEST(ThreadLoop, RunsWhatOneThreadPostsInOrder) {
  constexpr int kThreads = 3;
  constexpr int kPosts = 500;
  std::vector<std::vector<int>> seen(kThreads);
  std::vector<std::unique_ptr<Posted>> work;
  CancellationToken done;
  std::atomic<int> left = kThreads * kPosts;
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kPosts; ++i) {
      work.push_back(std::make_unique<Posted>([&, t, i] {
        seen[static_cast<std::size_t>(t)].push_back(i);
        if (--left == 0) done.cancel();
      }));
    }
  }
  auto body = [](CancellationToken end) -> Task<absl::Status> {
    co_return co_await cancelled(end);
  };
  ThreadLoop loop;
  // They may post before the loop has begun, and from when it sleeps.
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) loop.post(*work[static_cast<std::size_t>(t * kPosts + i)]);
    });
  }
  EXPECT_TRUE(loop.run(body(done)).ok());
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int>& from_one : seen) {
    ASSERT_EQ(from_one.size(), static_cast<std::size_t>(kPosts));
    EXPECT_TRUE(std::is_sorted(from_one.begin(), from_one.end()));
  }
}

TEST(ThreadLoop, TakesABatchThatAnotherThreadPostsAtOnce) {
  CancellationToken done;
  int ran = 0;
  Posted first([&] { ++ran; });
  Posted second([&] {
    ++ran;
    done.cancel();
  });
  RunQueue batch;
  batch.push(first);
  batch.push(second);
  auto body = [](CancellationToken end) -> Task<absl::Status> {
    co_return co_await cancelled(end);
  };
  ThreadLoop loop;
  std::thread other([&] { loop.post_all(batch); });
  EXPECT_TRUE(loop.run(body(done)).ok());
  other.join();
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(batch.empty());
}

TEST(ThreadLoop, WorkThatNeverEndsHoldsUpNeitherTimersNorOtherThreads) {
  struct Restless final : Runnable {
    explicit Restless(EventLoop& on) : loop(on) {}
    void run() override {
      if (!is_stopped) loop.post(*this);
      is_running = !is_stopped;
    }
    EventLoop& loop;
    bool is_stopped = false;
    bool is_running = false;
  };
  auto body = [](ThreadLoop& loop) -> Task<void> {
    Restless restless(loop);
    loop.post(restless);
    EXPECT_TRUE((co_await sleep(1ms)).ok());
    CancellationToken asked;
    std::thread other([&asked] { asked.cancel(); });
    EXPECT_TRUE((co_await cancelled(asked)).ok());
    other.join();
    EXPECT_TRUE(restless.is_running);
    restless.is_stopped = true;
    while (restless.is_running) (void)co_await sleep(100us);
  };
  ThreadLoop loop;
  loop.run(body(loop));
}

TEST(ThreadLoop, KnowsItsThread) {
  auto body = [](ThreadLoop& own) -> Task<void> {
    EXPECT_TRUE(own.in_loop_thread());
    bool elsewhere = true;
    std::thread([&] { elsewhere = own.in_loop_thread(); }).join();
    EXPECT_FALSE(elsewhere);
    co_return;
  };
  ThreadLoop loop;
  EXPECT_FALSE(loop.in_loop_thread());
  loop.run(body(loop));
}

TEST(ThreadLoop, MayRunOnAnotherThreadEachTime) {
  auto body = []() -> Task<int> {
    (void)co_await sleep(1us);
    co_return 1;
  };
  ThreadLoop loop;
  for (int i = 0; i < 5; ++i) {
    int result = 0;
    std::thread([&] { result = loop.run(body()); }).join();
    EXPECT_EQ(result, 1);
  }
}

}  // namespace
}  // namespace weir
