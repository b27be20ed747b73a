// SPDX-License-Identifier: Apache-2.0
#include "async/loop_watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <string_view>
#include <vector>

#include "async/join_set.h"
#include "async/named.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A watchdog whose own thread never finds anything: these tests look by themselves.
struct Watch {
  explicit Watch(const EventLoop& loop) { watchdog.watch(loop, "the loop"); }
  std::vector<LoopWatchdog::Blocked> found;
  LoopWatchdog watchdog{[this](const LoopWatchdog::Blocked& one) { found.push_back(one); },
                        24h * 365};
  void look_a_year_after(TimePoint now) { watchdog.look(now + 24h * 366); }
};

Task<void> looks_at_itself(Watch& watch) {
  const Context& context = co_await this_context();
  watch.look_a_year_after(context.loop().now());
}

ASYNC_TEST(LoopWatchdog, NamesTheLoopTheTaskAndItsFunction) {
  const Context& context = co_await this_context();
  Watch watch(context.loop());
  JoinSet<void> set(co_await this_task());
  set.spawn(named("heavy", looks_at_itself(watch)));
  (void)co_await set.join_next();
  CO_ASSERT_TRUE(watch.found.size() == 1);
  EXPECT_EQ(watch.found[0].loop, "the loop");
  EXPECT_EQ(watch.found[0].task, "heavy");
  EXPECT_THAT(watch.found[0].function.function_name(), HasSubstr("looks_at_itself"));
  EXPECT_THAT(watch.found[0].describe(), HasSubstr("the loop has been busy for 316"));
  EXPECT_THAT(watch.found[0].describe(), HasSubstr("in \"heavy\", "));
}

Task<void> blocks_after_an_await(Watch& watch) {
  (void)co_await sleep(1s);
  const Context& context = co_await this_context();
  watch.look_a_year_after(context.loop().now());
}

Task<void> awaits_it(Watch& watch) { co_await blocks_after_an_await(watch); }

ASYNC_TEST(LoopWatchdog, NamesTheFunctionThatWasResumedAndTheTaskItBelongsTo) {
  const Context& context = co_await this_context();
  Watch watch(context.loop());
  co_await named("outer", awaits_it(watch));
  CO_ASSERT_TRUE(watch.found.size() == 1);
  EXPECT_EQ(watch.found[0].task, "outer");
  EXPECT_THAT(watch.found[0].function.function_name(), HasSubstr("blocks_after_an_await"));
}

ASYNC_TEST(LoopWatchdog, ReportsATurnOnceAndTheNextOneAgain) {
  const Context& context = co_await this_context();
  Watch watch(context.loop());
  co_await looks_at_itself(watch);
  co_await looks_at_itself(watch);
  EXPECT_EQ(watch.found.size(), 1U);
  CO_ASSERT_OK(co_await sleep(1s));
  co_await looks_at_itself(watch);
  EXPECT_EQ(watch.found.size(), 2U);
}

ASYNC_TEST(LoopWatchdog, LeavesAShortTurnAlone) {
  const Context& context = co_await this_context();
  Watch watch(context.loop());
  watch.watchdog.look(context.loop().now() + 24h);
  EXPECT_TRUE(watch.found.empty());
}

TEST(LoopWatchdog, LeavesALoopAloneThatDoesNotRun) {
  ThreadLoop loop;
  Watch watch(loop);
  watch.look_a_year_after(loop.now());
  auto body = []() -> Task<void> { (void)co_await sleep(0s); };
  loop.run(body());
  watch.look_a_year_after(loop.now());
  EXPECT_TRUE(watch.found.empty());
  watch.watchdog.forget(loop);
}

// The task goes on when the report has come, from the watchdog's thread: if it never does, this
// test hangs.
TEST(LoopWatchdog, ReportsFromItsOwnThreadWhileTheLoopIsStillBlocked) {
  std::latch reported(1);
  LoopWatchdog watchdog([&](const LoopWatchdog::Blocked&) { reported.count_down(); }, 1ms);
  auto blocks = [](std::latch& until) -> Task<void> {
    until.wait();
    co_return;
  };
  ThreadLoop loop;
  watchdog.watch(loop, "the loop");
  loop.run(blocks(reported));
  watchdog.forget(loop);
}

}  // namespace
}  // namespace weir
