// SPDX-License-Identifier: Apache-2.0
#include "async/worker_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;
using testing::value_after;

struct Load {
  int running = 0;
  int most = 0;
};

Task<int> job(Load& load, int value) {
  load.most = std::max(load.most, ++load.running);
  (void)co_await sleep(1s);
  --load.running;
  co_return value;
}

ASYNC_TEST(WorkerPool, RunsNoMoreAtOnceThanItHasWorkersAndAnswersEach) {
  WorkerPool workers(3, 100);
  Load load;
  std::vector<Task<absl::StatusOr<int>>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(workers.submit(job(load, i)));
  const auto all = co_await join_all(std::move(answers));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*all[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(load.most, 3);
  EXPECT_EQ(workers.idle_workers(), 3U);
}

ASYNC_TEST(WorkerPool, RefusesAtOnceWhatItsQueueCannotHold) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  WorkerPool workers(1, 2);
  auto late = [](WorkerPool& pool, TimePoint at) -> Task<absl::Status> {
    (void)co_await testing::settle();
    EXPECT_EQ(pool.waiting(), 2U);
    const absl::StatusOr<int> refused = co_await pool.submit(value_after(1s, 4));
    EXPECT_EQ((co_await this_context()).loop().now(), at + Duration(1));
    co_return refused.status();
  };
  const auto [a, b, c, refused] =
      co_await join(workers.submit(value_after(1s, 1)), workers.submit(value_after(1s, 2)),
                    workers.submit(value_after(1s, 3)), late(workers, begin));
  EXPECT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
}

ASYNC_TEST(WorkerPool, PassesStatusAndVoidResultsOn) {
  WorkerPool workers(1, 2);
  EXPECT_TRUE(absl::IsNotFound(
      co_await workers.submit(testing::status_after(1s, absl::NotFoundError("none")))));
  auto nothing = []() -> Task<void> { co_return; };
  EXPECT_TRUE((co_await workers.submit(nothing())).ok());
}

// Cancelled in the queue or at work, on the instant of its turn too: nothing runs on, no worker is
// lost.
ASYNC_TEST(WorkerPool, LosesNoWorkerWhereverASubmitIsCancelled) {
  for (Duration patience = 0ms; patience <= 3s; patience += 500ms) {
    WorkerPool workers(1, 10);
    int alive = 0;
    auto work = [](int& count) -> Task<absl::Status> {
      const Alive here(count);
      co_return co_await sleep(1s);
    };
    const auto [first, second, third] =
        co_await join(workers.submit(work(alive)), timeout(patience, workers.submit(work(alive))),
                      workers.submit(work(alive)));
    EXPECT_TRUE(first.ok() && third.ok());
    EXPECT_TRUE(second.ok() || absl::IsDeadlineExceeded(second)) << second;
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(workers.idle_workers(), 1U);
  }
}

ASYNC_TEST(WorkerPool, ClosesWhenTheLastOfTheQueueIsDone) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  WorkerPool workers(1, 10);
  auto close = [](WorkerPool& pool) -> Task<absl::Status> {
    (void)co_await testing::settle();
    co_return co_await pool.close();
  };
  const auto [a, b, closed] = co_await join(workers.submit(value_after(1s, 1)),
                                            workers.submit(value_after(1s, 2)), close(workers));
  EXPECT_TRUE(a.ok() && b.ok() && closed.ok());
  EXPECT_EQ(loop.now(), begin + 2s);
  const absl::StatusOr<int> late = co_await workers.submit(value_after(1s, 3));
  EXPECT_TRUE(absl::IsFailedPrecondition(late.status()));
}

TEST(WorkerPool, ServesSeveralLoops) {
  WorkerPool workers(2, 100);
  std::atomic<int> running = 0;
  std::atomic<int> done = 0;
  auto work = [&]() -> Task<absl::Status> {
    EXPECT_LE(++running, 2);
    const absl::Status slept = co_await sleep(10us);
    --running;
    ++done;
    co_return slept;
  };
  auto submit_many = [&]() -> Task<void> {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE((co_await workers.submit(work())).ok());
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      ThreadLoop loop;
      loop.run(submit_many());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 400);
}

}  // namespace
}  // namespace weir
