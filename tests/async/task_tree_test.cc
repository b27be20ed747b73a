// SPDX-License-Identifier: Apache-2.0
#include "async/task_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "async/join.h"
#include "async/join_set.h"
#include "async/named.h"
#include "async/oneshot.h"
#include "async/semaphore.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

Task<absl::Status> waits_for_a_permit(Semaphore& semaphore) {
  const absl::StatusOr<Permit> permit = co_await semaphore.acquire();
  co_return permit.status();
}

Task<void> middle_of_the_tree(Semaphore& semaphore) {
  (void)co_await waits_for_a_permit(semaphore);
}

Task<void> sleeps_beside() { (void)co_await sleep(10s); }

Task<std::string> dump_then_release(Semaphore& semaphore) {
  (void)co_await sleep(3s);
  const Context& context = co_await this_context();
  std::string dump = dump_tasks(context.loop());
  semaphore.add_permits(1);
  co_return dump;
}

std::size_t depth_of(const std::string& dump, const std::string& name) {
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(name) != std::string::npos) return line.find_first_not_of(' ') / 2;
  }
  ADD_FAILURE() << name << " is not in\n" << dump;
  return 0;
}

ASYNC_TEST(DumpTasks, NamesEachTaskWhatItAwaitsWhereAndForHowLong) {
  Semaphore semaphore(0);
  const auto [unused, dump, also_unused] =
      co_await join(middle_of_the_tree(semaphore), dump_then_release(semaphore), sleeps_beside());
  EXPECT_THAT(dump, ContainsRegex("waits_for_a_permit.*task_tree_test.cc.*"
                                  "awaits semaphore at task_tree_test.cc:[0-9]+ for 3000.000 ms"));
  EXPECT_THAT(dump, ContainsRegex("sleeps_beside.*awaits sleep at task_tree_test.cc:[0-9]+ for"));
  // A task that waits for a task awaits nothing itself, and one that runs neither.
  EXPECT_THAT(dump, Not(ContainsRegex("middle_of_the_tree[^\n]*awaits")));
  EXPECT_THAT(dump, Not(ContainsRegex("dump_then_release[^\n]*awaits")));
}

ASYNC_TEST(DumpTasks, ShowsWhoAwaitsWhomByIndentation) {
  Semaphore semaphore(0);
  const auto [unused, dump, also_unused] =
      co_await join(middle_of_the_tree(semaphore), dump_then_release(semaphore), sleeps_beside());
  const std::size_t middle = depth_of(dump, "middle_of_the_tree");
  EXPECT_EQ(middle, 1U);
  EXPECT_EQ(depth_of(dump, "waits_for_a_permit"), middle + 1);
  EXPECT_EQ(depth_of(dump, "sleeps_beside"), middle);
}

ASYNC_TEST(DumpTasks, ShowsTheTasksOfAJoinSetBelowTheSet) {
  JoinSet<void> set(co_await this_task());
  set.spawn(sleeps_beside());
  (void)co_await sleep(1s);
  const Context& context = co_await this_context();
  const std::string dump = dump_tasks(context.loop());
  EXPECT_EQ(depth_of(dump, "sleeps_beside"), 2U) << dump;
  (void)co_await set.join_next();
}

ASYNC_TEST(DumpTasks, ShowsASpawnedTaskThatHasNotBegun) {
  JoinSet<void> set(co_await this_task());
  set.spawn(named("later", sleeps_beside()));
  const Context& context = co_await this_context();
  const std::string dump = dump_tasks(context.loop());
  EXPECT_THAT(dump, ContainsRegex("\"later\"  .*sleeps_beside.*awaits its turn at "
                                  "task_tree_test.cc:[0-9]+ for 0.000 ms"));
  EXPECT_EQ(depth_of(dump, "sleeps_beside"), 2U) << dump;
  CO_ASSERT_OK(co_await sleep(1s));
  EXPECT_THAT(dump_tasks(context.loop()), Not(HasSubstr("its turn")));
  (void)co_await set.join_next();
}

ASYNC_TEST(DumpTasks, ForgetsATaskThatHasEnded) {
  co_await sleeps_beside();
  const Context& context = co_await this_context();
  EXPECT_THAT(dump_tasks(context.loop()), Not(HasSubstr("sleeps_beside")));
}

ASYNC_TEST(DumpTasks, ShowsNamesAndHowLongUntilTheDeadline) {
  auto dumps = [](std::string& out) -> Task<void> {
    CO_ASSERT_OK(co_await sleep(1s));
    const Context& context = co_await this_context();
    out = dump_tasks(context.loop());
  };
  std::string dump;
  const absl::Status ended = co_await timeout(5s, named("the dumper", dumps(dump)));
  CO_ASSERT_OK(ended);
  EXPECT_THAT(dump, ContainsRegex("\"the dumper\"  .*deadline in 4000.000 ms"));
}

Task<std::string> dump_json_then_release(Semaphore& semaphore) {
  (void)co_await sleep(3s);
  const Context& context = co_await this_context();
  std::string dump = dump_tasks_json(context.loop());
  semaphore.add_permits(1);
  co_return dump;
}

ASYNC_TEST(DumpTasksJson, SaysTheSame) {
  Semaphore semaphore(0);
  const auto [unused, dump] =
      co_await join(named("quote \" backslash \\ line\n", middle_of_the_tree(semaphore)),
                    dump_json_then_release(semaphore));
  EXPECT_THAT(dump, HasSubstr(R"("name":"quote \" backslash \\ line\u000a","file":")"));
  EXPECT_THAT(dump, HasSubstr(R"("state":"awaiting children","children":[{"function":")"));
  EXPECT_THAT(dump,
              ContainsRegex(R"("state":"waiting","awaits":"semaphore","awaits_file":"[^"]*)"
                            R"(task_tree_test.cc","awaits_line":[0-9]+,"awaits_ms":3000.000)"));
  EXPECT_THAT(dump, HasSubstr(R"("state":"running","children":[]})"));
  EXPECT_EQ(std::count(dump.begin(), dump.end(), '{'), std::count(dump.begin(), dump.end(), '}'));
  EXPECT_THAT(dump, Not(HasSubstr("}{")));
  EXPECT_THAT(dump, Not(HasSubstr(",]")));
}

TEST(RequestTaskDump, AnswersFromTheLoopItWasAskedFor) {
  std::string dump;
  oneshot::Sender<int>* sender_of_another_thread = nullptr;
  auto body = [&]() -> Task<void> {
    const Context& context = co_await this_context();
    auto [sender, receiver] = oneshot::channel<int>();
    sender_of_another_thread = &sender;
    std::thread other([&] {
      request_task_dump(context.loop(), TaskDumpFormat::kText, [&](std::string text) {
        dump = std::move(text);
        sender_of_another_thread->send(1);
      });
    });
    const absl::StatusOr<int> answered = co_await receiver.receive();
    EXPECT_TRUE(answered.ok());
    other.join();
  };
  ThreadLoop loop;
  loop.run(body());
  EXPECT_THAT(dump, ContainsRegex("awaits oneshot at task_tree_test.cc"));
}

}  // namespace
}  // namespace weir
