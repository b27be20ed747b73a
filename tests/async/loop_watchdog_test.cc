// SPDX-License-Identifier: Apache-2.0
#include "async/loop_watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <source_location>
#include <string_view>
#include <thread>
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
  explicit Watch(EventLoop& loop) { watchdog.watch(loop, "the loop"); }
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

// A loop whose thread does by itself what its sleep is made of.
class Sleeper final : public EventLoop {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  void begin() {
    bind_to_this_thread();
    turn().show_cpu_time();
    begin_turn();
  }
  void fall_asleep() { EXPECT_TRUE(may_sleep()); }
  void come_out() { begin_turn(); }
  void end() { end_run(); }

 private:
  void wake() override {}
};

// It sleeps, as far as it knows, and takes CPU time: until the report comes, or for ever.
TEST(LoopWatchdog, ReportsALoopThatIsBusyWhereItSleeps) {
  std::atomic<bool> is_reported = false;
  bool has_turn = false;  // when it is reported: a moment later it may have got no CPU time
  std::vector<LoopWatchdog::Blocked> found;
  Sleeper loop;
  {
    LoopWatchdog watchdog(
        [&](const LoopWatchdog::Blocked& blocked) {
          if (found.empty()) has_turn = loop.turn().began().has_value();
          found.push_back(blocked);
          is_reported = true;
        },
        5ms);
    watchdog.watch(loop, "the loop");
    loop.begin();
    loop.turn().runs(std::source_location::current(), "inside a library");
    loop.fall_asleep();
    EXPECT_FALSE(loop.turn().began());
    while (!is_reported) {
    }
    EXPECT_TRUE(has_turn);
    loop.come_out();
    loop.fall_asleep();
    EXPECT_FALSE(loop.turn().began()) << "of another sleep nothing is known";
    loop.end();
    watchdog.forget(loop);
  }
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].task, "inside a library");
  EXPECT_GE(found[0].lasted, 5ms);
}

TEST(LoopWatchdog, LeavesALoopAloneThatSleeps) {
  std::latch is_asleep(1);
  std::latch may_end(1);
  Sleeper loop;
  Watch watch(loop);
  std::thread thread([&] {
    loop.begin();
    loop.fall_asleep();
    is_asleep.count_down();
    may_end.wait();
    loop.end();
  });
  is_asleep.wait();
  // What it takes to fall asleep is nothing beside such times.
  const TimePoint now = loop.now();
  for (int hour = 0; hour < 10; ++hour) {
    watch.watchdog.look(now + hour * 1h);
    EXPECT_FALSE(loop.turn().began());
  }
  EXPECT_TRUE(watch.found.empty());
  may_end.count_down();
  thread.join();
  watch.watchdog.look(now + 11h);
  EXPECT_FALSE(loop.turn().began());
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
