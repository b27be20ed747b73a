// SPDX-License-Identifier: Apache-2.0
#include "rpc/completion_queue_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/blocking_pool.h"
#include "async/cancelled.h"
#include "async/join.h"
#include "async/loop_watchdog.h"
#include "async/sleep.h"
#include "async/timeout.h"
#include "tests/rpc/busy_queue.h"

namespace weir::rpc {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A function to post.
template <class Fn>
class Work final : public Runnable {
 public:
  explicit Work(Fn fn) : fn_(std::move(fn)) {}
  void run() override { fn_(); }

 private:
  Fn fn_;
};

std::chrono::nanoseconds cpu_of_this_thread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(CompletionQueueLoop, ReturnsTheResultOfItsTask) {
  CompletionQueueLoop loop;
  const auto answer = [](int value) -> Task<int> { co_return value; };
  EXPECT_EQ(loop.run(answer(42)), 42);
  EXPECT_EQ(loop.run(answer(43)), 43) << "and again";
}

// As a flood on a connection keeps it: until the report comes, or for ever.
TEST(CompletionQueueLoop, TimeThatIsSpentInsideGrpcIsPartOfATurn) {
  test::BusyQueue busy;
  std::vector<LoopWatchdog::Blocked> found;
  CompletionQueueLoop loop;
  {
    LoopWatchdog watchdog(
        [&](const LoopWatchdog::Blocked& blocked) {
          if (!busy.is_busy()) return;  // another long turn, on a slow machine
          found.push_back(blocked);
          busy.stop();
        },
        milliseconds(20));
    watchdog.watch(loop, "the loop");
    loop.run(busy.keep_busy());
    watchdog.forget(loop);
  }
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].task, "inside gRPC");
  EXPECT_GE(found[0].lasted, milliseconds(20));
  EXPECT_GE(Duration(loop.turn_times().sum()), found[0].lasted);
  EXPECT_FALSE(loop.turn().began());
  EXPECT_FALSE(loop.turn().cpu_time());
}

TEST(CompletionQueueLoop, ThrowsWhatItsTaskThrows) {
  CompletionQueueLoop loop;
  const auto fail = []() -> Task<void> { throw std::runtime_error("x"); };
  EXPECT_THROW(loop.run(fail()), std::runtime_error);
}

Task<void> sleep_and_note(Duration duration, std::vector<Duration>& order,
                          std::atomic<int>& early) {
  const Context& context = co_await this_context();
  const TimePoint due = context.loop().now() + duration;
  (void)co_await sleep_until(due);
  if (context.loop().now() < due) ++early;
  order.push_back(duration);
}

TEST(CompletionQueueLoop, TimersFireInOrderAndNeverEarly) {
  CompletionQueueLoop loop;
  std::vector<Duration> order;
  std::atomic<int> early = 0;
  // Not in order, and with parts of a millisecond, which gRPC's clock does not have.
  const auto main = [](std::vector<Duration>& notes, std::atomic<int>& count) -> Task<void> {
    std::vector<Task<void>> sleepers;
    for (const int after : {9'300, 100, 5'700, 20'900, 1, 12'345, 5'701, 999}) {
      sleepers.push_back(sleep_and_note(microseconds(after), notes, count));
    }
    co_await join_all(std::move(sleepers));
  };
  loop.run(main(order, early));
  EXPECT_EQ(order.size(), 8u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(early, 0);
}

TEST(CompletionQueueLoop, ATimerThatWasCancelledDoesNotHoldItUp) {
  CompletionQueueLoop loop;
  const auto main = []() -> Task<absl::Status> {
    const auto forever = []() -> Task<absl::Status> { co_return co_await sleep_until(kForever); };
    co_return co_await timeout(milliseconds(5), forever());
  };
  EXPECT_EQ(loop.run(main()).code(), absl::StatusCode::kDeadlineExceeded);
}

// asio-grpc#75: two loops that share a thread poll both without pause. This one sleeps.
TEST(CompletionQueueLoop, SleepsWhileThereIsNothingToDo) {
  CompletionQueueLoop loop;
  const auto main = [](CompletionQueueLoop& on) -> Task<void> {
    (void)co_await sleep(milliseconds(1));  // what the start costs does not count
    const std::uint64_t turns = on.turns();
    const auto cpu = cpu_of_this_thread();
    (void)co_await sleep(milliseconds(300));
    EXPECT_LE(on.turns() - turns, 5u);
    EXPECT_LT(cpu_of_this_thread() - cpu, milliseconds(100));
  };
  loop.run(main(loop));
}

TEST(CompletionQueueLoop, RunsWhatOtherThreadsPostInTheirOrder) {
  CompletionQueueLoop loop;
  constexpr int kThreads = 4;
  constexpr int kPosts = 500;
  std::vector<std::vector<int>> seen(kThreads);
  CancellationToken done;
  std::atomic<int> left = kThreads * kPosts;
  const auto note = [&](int thread, int number) {
    seen[static_cast<std::size_t>(thread)].push_back(number);
    if (--left == 0) done.cancel();
  };
  struct Note final : Runnable {
    const decltype(note)* fn = nullptr;
    int thread = 0;
    int number = 0;
    void run() override { (*fn)(thread, number); }
  };
  std::vector<Note> notes(static_cast<std::size_t>(kThreads * kPosts));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        Note& one = notes[static_cast<std::size_t>(t * kPosts + i)];
        one.fn = &note;
        one.thread = t;
        one.number = i;
        loop.post(one);
      }
    });
  }
  const auto main = [](CancellationToken until) -> Task<void> { (void)co_await cancelled(until); };
  loop.run(main(done));
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int>& of_thread : seen) {
    EXPECT_EQ(of_thread.size(), static_cast<std::size_t>(kPosts));
    EXPECT_TRUE(std::is_sorted(of_thread.begin(), of_thread.end()));
  }
}

// A wake-up is a trip through gRPC's queue: posts to a loop that is awake must not cost one.
TEST(CompletionQueueLoop, IsWokenOncePerSleepHoweverManyPosts) {
  CompletionQueueLoop loop;
  CancellationToken done;
  std::atomic<int> ran = 0;
  const auto count = [&] {
    if (++ran == 1000) done.cancel();
  };
  std::vector<std::unique_ptr<Work<decltype(count)>>> works;
  for (int i = 0; i < 1000; ++i) works.push_back(std::make_unique<Work<decltype(count)>>(count));
  std::thread poster;
  // On the loop's thread, which is therefore awake while others post.
  const auto main = [&](CancellationToken until) -> Task<void> {
    poster = std::thread([&] {
      for (const auto& work : works) loop.post(*work);
    });
    poster.join();
    (void)co_await cancelled(until);
    (void)co_await sleep(milliseconds(5));  // a wake-up too many would be here by now
  };
  loop.run(main(done));
  EXPECT_EQ(ran, 1000);
  EXPECT_EQ(loop.wake_ups(), 0u);
}

TEST(CompletionQueueLoop, IsWokenByAPostWhileItSleeps) {
  CompletionQueueLoop loop;
  CancellationToken token;
  std::thread other;
  const auto main = [&](CancellationToken until) -> Task<absl::Status> {
    other = std::thread([until]() mutable { until.cancel(); });
    co_return co_await cancelled(until);
  };
  EXPECT_TRUE(loop.run(main(token)).ok());
  other.join();
  EXPECT_LE(loop.wake_ups(), 1u);
}

// grpc#8883, #38112, triton-inference-server#8495: setting an alarm on a queue that is shut down
// ends the process, or hangs it. A post to a loop that has ended wakes nothing.
TEST(CompletionQueueLoop, APostAfterItsEndTouchesNoQueue) {
  std::atomic<bool> ran = false;
  Work late([&] { ran = true; });
  {
    CompletionQueueLoop loop;
    const auto main = []() -> Task<void> { (void)co_await sleep(milliseconds(1)); };
    loop.run(main());
    std::thread other([&] { loop.post(late); });
    other.join();
    EXPECT_EQ(loop.wake_ups(), 0u);
  }
  EXPECT_FALSE(ran);
}

// grpc#38092, #29142, #17915: the alarms of a loop are one-shot wake-ups; its queue shuts down with
// one still under way.
TEST(CompletionQueueLoop, EndsWithAWakeUpUnderWay) {
  for (int i = 0; i < 200; ++i) {
    CompletionQueueLoop loop;
    CancellationToken token;
    std::thread other([&] { token.cancel(); });
    const auto main = [](CancellationToken until) -> Task<void> {
      (void)co_await cancelled(until);
    };
    loop.run(main(token));
    other.join();
  }
}

TEST(CompletionQueueLoop, BlockingWorkComesBackToIt) {
  CompletionQueueLoop loop;
  BlockingPool pool("test", 2, 100);
  const auto main = [](BlockingPool& threads) -> Task<int> {
    int total = 0;
    for (int i = 0; i < 100; ++i) {
      const auto compute = [i] { return i; };
      const absl::StatusOr<int> result = co_await spawn_blocking(threads, compute);
      total += result.value_or(-1000);
    }
    co_return total;
  };
  EXPECT_EQ(loop.run(main(pool)), 4950);
}

TEST(CompletionQueueLoop, TheEndOfATurnComesAfterEverythingThatCouldRun) {
  CompletionQueueLoop loop;
  std::string order;
  Work second([&] { order += 'b'; });
  Work first([&] {
    order += 'a';
    loop.post(second);  // made ready in this turn: still before its end
  });
  Work at_end([&] { order += 'z'; });
  const auto main = [&]() -> Task<void> {
    loop.at_turn_end(at_end);
    loop.post(first);
    (void)co_await sleep(milliseconds(1));
  };
  loop.run(main());
  EXPECT_EQ(order, "abz");
}

TEST(CompletionQueueLoop, TheEndOfATurnIsOnce) {
  CompletionQueueLoop loop;
  int ends = 0;
  Work at_end([&] { ++ends; });
  const auto main = [&]() -> Task<void> {
    loop.at_turn_end(at_end);
    for (int i = 0; i < 3; ++i) (void)co_await sleep(milliseconds(1));
  };
  loop.run(main());
  EXPECT_EQ(ends, 1);
}

}  // namespace
}  // namespace weir::rpc
