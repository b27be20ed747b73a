// SPDX-License-Identifier: Apache-2.0
#include "async/run_on.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/or_return.h"
#include "async/runtime.h"
#include "async/select.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;

TEST(RunOn, RunsThereAndAnswersHere) {
  Runtime runtime("runon", 1);
  auto body = [&]() -> Task<void> {
    EventLoop& here = (co_await this_context()).loop();
    auto there = [&]() -> Task<std::unique_ptr<int>> {
      EXPECT_TRUE(runtime.loop(0).in_loop_thread());
      EXPECT_EQ(&(co_await this_context()).loop(), &runtime.loop(0));
      (void)co_await sleep(1ms);
      EXPECT_TRUE(runtime.loop(0).in_loop_thread());
      co_return std::make_unique<int>(42);
    };
    const std::unique_ptr<int> answer = co_await run_on(runtime.loop(0), there);
    EXPECT_EQ(*answer, 42);
    EXPECT_TRUE(here.in_loop_thread());
    auto nothing = []() -> Task<void> { co_return; };
    co_await run_on(here, nothing);
  };
  runtime.block_on(body());
}

TEST(RunOn, BringsAnExceptionBack) {
  Runtime runtime("runon", 1);
  auto body = [&]() -> Task<void> {
    auto throws = []() -> Task<int> {
      (void)co_await sleep(1ms);
      throw std::runtime_error("there");
    };
    (void)co_await run_on(runtime.loop(0), throws);
  };
  EXPECT_THROW(runtime.block_on(body()), std::runtime_error);
}

TEST(RunOn, DestroysTheFrameOverThere) {
  struct Home {
    explicit Home(EventLoop& its) : loop(its) {}
    ~Home() { EXPECT_TRUE(loop.in_loop_thread()); }
    EventLoop& loop;
  };
  Runtime runtime("runon", 1);
  auto body = [&]() -> Task<void> {
    auto there = [&]() -> Task<absl::Status> {
      const Home home(runtime.loop(0));
      // An early end through or_return leaves the locals to whoever destroys the frame.
      co_await or_return(absl::Status(absl::NotFoundError("early")));
      co_return absl::OkStatus();
    };
    EXPECT_TRUE(absl::IsNotFound(co_await run_on(runtime.loop(0), there)));
  };
  runtime.block_on(body());
}

TEST(RunOn, PassesDeadlineAndCancellationOnAndWaits) {
  Runtime runtime("runon", 1);
  int alive = 0;
  auto body = [&]() -> Task<void> {
    auto there = [&]() -> Task<absl::Status> {
      const Alive here(alive);
      EXPECT_NE((co_await this_context()).deadline(), kForever);
      co_return co_await sleep(1h);
    };
    const absl::Status late = co_await timeout(5ms, run_on(runtime.loop(0), there));
    EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
    EXPECT_EQ(alive, 0);
    const absl::Status at_once = co_await timeout(0ms, run_on(runtime.loop(0), there));
    EXPECT_TRUE(absl::IsDeadlineExceeded(at_once)) << at_once;
    EXPECT_EQ(alive, 0);
  };
  runtime.block_on(body());
}

// Each of the loops hands work to every other, half of it with no patience.
TEST(RunOn, CrossesEveryPairOfLoops) {
  Runtime runtime("runon", 3);
  std::atomic<int> done = 0;
  auto leaf = [&]() -> Task<absl::Status> {
    co_await or_return(co_await sleep(Duration::zero()));
    ++done;
    co_return absl::OkStatus();
  };
  auto hop = [&](int i) -> Task<absl::Status> {
    if (i % 2 == 0) co_return co_await run_on(runtime.next_loop(), leaf);
    co_return co_await timeout(20us, run_on(runtime.next_loop(), leaf));
  };
  auto fan = [&]() -> Task<absl::Status> {
    std::vector<Task<absl::Status>> tasks;
    for (int i = 0; i < 40; ++i) tasks.push_back(hop(i));
    for (const absl::Status& status : co_await join_all(std::move(tasks))) {
      EXPECT_TRUE(status.ok() || absl::IsDeadlineExceeded(status)) << status;
    }
    co_return absl::OkStatus();
  };
  auto body = [&]() -> Task<void> {
    for (int round = 0; round < 10; ++round) {
      std::vector<Task<absl::Status>> tasks;
      for (std::size_t i = 0; i < runtime.size(); ++i) {
        tasks.push_back(run_on(runtime.loop(i), fan));
      }
      for (const absl::Status& status : co_await join_all(std::move(tasks))) {
        EXPECT_TRUE(status.ok()) << status;
      }
    }
  };
  runtime.block_on(body());
  EXPECT_GE(done, 10 * 3 * 20);
}

}  // namespace
}  // namespace weir
