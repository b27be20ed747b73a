// SPDX-License-Identifier: Apache-2.0
#include "async/stream.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "async/join.h"
#include "async/task_tree.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;

Stream<int> count_to(int last) {
  for (int i = 1; i <= last; ++i) {
    (void)co_await sleep(1s);
    co_yield i;
  }
}

// Lives as long as its frame.
Stream<absl::StatusOr<int>> ticking(int& alive, int last) {
  const Alive here(alive);
  for (int i = 1; i <= last; ++i) {
    co_await or_return(co_await sleep(1s));
    co_yield i;
  }
}

ASYNC_TEST(Stream, YieldsEachValueWhenAsked) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Stream<int> stream = count_to(3);
  std::vector<int> got;
  while (std::optional<int> value = co_await stream.next()) {
    got.push_back(*value);
    (void)co_await sleep(1s);
  }
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(loop.now(), begin + 6s);
  EXPECT_TRUE(stream.has_ended());
  EXPECT_FALSE((co_await stream.next()).has_value());
}

ASYNC_TEST(Stream, DoesNothingBeforeItIsAsked) {
  int alive = 0;
  {
    Stream<absl::StatusOr<int>> never = ticking(alive, 3);
    (void)co_await testing::settle();
    EXPECT_EQ(alive, 0);
  }
  Stream<int> empty;
  EXPECT_FALSE((co_await empty.next()).has_value());
}

ASYNC_TEST(Stream, LetsGoOfItsLocalsWhenDestroyedBetweenTwoValues) {
  int alive = 0;
  {
    Stream<absl::StatusOr<int>> stream = ticking(alive, 3);
    EXPECT_TRUE((co_await stream.next()).has_value());
    EXPECT_EQ(alive, 1);
    stream = ticking(alive, 1);
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE((co_await stream.next()).has_value());
    EXPECT_FALSE((co_await stream.next()).has_value());
    EXPECT_EQ(alive, 0);  // at the end, not with the stream
  }
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(Stream, MovesBetweenTwoValues) {
  Stream<int> first = count_to(3);
  EXPECT_EQ(co_await first.next(), 1);
  auto rest = [](Stream<int> stream) -> Task<int> {
    int sum = 0;
    while (std::optional<int> value = co_await stream.next()) sum += *value;
    co_return sum;
  };
  EXPECT_EQ(co_await rest(std::move(first)), 5);
  EXPECT_TRUE(first.has_ended());  // NOLINT(bugprone-use-after-move)
}

ASYNC_TEST(Stream, YieldsWhatCannotBeCopied) {
  auto boxes = []() -> Stream<std::unique_ptr<int>> {
    co_yield std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    co_yield std::move(second);
  };
  Stream<std::unique_ptr<int>> stream = boxes();
  EXPECT_EQ(**co_await stream.next(), 1);
  EXPECT_EQ(**co_await stream.next(), 2);
  EXPECT_FALSE((co_await stream.next()).has_value());
}

ASYNC_TEST(Stream, ThrowsWhatItsBodyThrowsAndHasEnded) {
  int alive = 0;
  auto thrower = [](int& count) -> Stream<int> {
    const Alive here(count);
    co_yield 1;
    throw std::runtime_error("broken");
  };
  Stream<int> stream = thrower(alive);
  EXPECT_EQ(co_await stream.next(), 1);
  bool thrown = false;
  try {
    (void)co_await stream.next();
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_TRUE(stream.has_ended());
  EXPECT_EQ(alive, 0);
}

// Both forms of or_return: of a value, and of a task some calls deep.
ASYNC_TEST(Stream, EndsWithTheErrorThatOrReturnMet) {
  auto failing = [](int& count, bool from_task) -> Stream<absl::StatusOr<int>> {
    const Alive here(count);
    co_yield 1;
    if (from_task) {
      co_await or_return(testing::status_after(1s, absl::NotFoundError("gone")));
    } else {
      co_await or_return(absl::Status(absl::NotFoundError("gone")));
    }
    co_yield 2;
  };
  static constexpr std::array kEither = {false, true};
  for (const bool from_task : kEither) {
    int alive = 0;
    Stream<absl::StatusOr<int>> stream = failing(alive, from_task);
    EXPECT_EQ(**co_await stream.next(), 1);
    const std::optional<absl::StatusOr<int>> error = co_await stream.next();
    CO_ASSERT_TRUE(error.has_value());
    EXPECT_TRUE(absl::IsNotFound(error->status()));
    EXPECT_TRUE(stream.has_ended());
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE((co_await stream.next()).has_value());
  }
}

ASYNC_TEST(Stream, TurnsItsErrorsBackWithTryNext) {
  auto sum = [](int last, Duration patience) -> Task<absl::StatusOr<int>> {
    int alive = 0;
    Stream<absl::StatusOr<int>> stream = ticking(alive, last);
    int total = 0;
    while (std::optional<int> value = co_await or_return(timeout(patience, try_next(stream)))) {
      total += *value;
    }
    co_return total;
  };
  EXPECT_EQ(*co_await sum(4, 2s), 10);
  EXPECT_TRUE(absl::IsDeadlineExceeded((co_await sum(4, 500ms)).status()));
}

// Told to stop at any time, in the wait or between two, on the very instant of a value too: the
// stream answers with its reader's status, once, or has got through; the frame is gone.
ASYNC_TEST(Stream, AnswersWithItsReadersCancellation) {
  auto read_all = [](int& alive, int& seen) -> Task<absl::Status> {
    Stream<absl::StatusOr<int>> stream = ticking(alive, 3);
    while (std::optional<absl::StatusOr<int>> item = co_await stream.next()) {
      if (!item->ok()) {
        EXPECT_TRUE(stream.has_ended());
        co_return item->status();
      }
      ++seen;
      (void)co_await sleep(500ms);
    }
    co_return absl::OkStatus();
  };
  for (Duration patience = 0ms; patience <= 5s; patience += 250ms) {
    int alive = 0;
    int seen = 0;
    const absl::Status status = co_await timeout(patience, read_all(alive, seen));
    EXPECT_TRUE(status.ok() ? seen == 3 : absl::IsDeadlineExceeded(status)) << status;
    EXPECT_LE(seen, 1 + patience / 1s);
    EXPECT_EQ(alive, 0);
  }
}

// Each next() brings its own context: what stopped the last reader does not stop the next.
ASYNC_TEST(Stream, RunsUnderTheContextOfEachReader) {
  auto deadlines = []() -> Stream<TimePoint> {
    for (;;) co_yield (co_await this_context()).deadline();
  };
  Stream<TimePoint> stream = deadlines();
  const EventLoop& loop = (co_await this_context()).loop();
  const auto inner = co_await timeout(1s, next_of(stream));
  CO_ASSERT_OK(inner);
  EXPECT_EQ(**inner, loop.now() + 1s);
  EXPECT_EQ(co_await stream.next(), kForever);
}

ASYNC_TEST(Stream, StandsInTheTaskTreeWhileItIsRead) {
  EventLoop& loop = (co_await this_context()).loop();
  Stream<int> stream = count_to(2);
  auto look = [](EventLoop& at) -> Task<std::string> {
    (void)co_await testing::settle();
    co_return dump_tasks(at);
  };
  const auto [value, tree] = co_await join(next_of(stream), look(loop));
  EXPECT_EQ(value, 1);
  EXPECT_NE(tree.find("count_to"), std::string::npos) << tree;
  EXPECT_EQ(dump_tasks(loop).find("count_to"), std::string::npos);
}

// A thousand streams deep, and a hundred thousand values: neither costs stack.
ASYNC_TEST(Stream, CostsNoStack) {
  auto relay = [](Stream<int> in) -> Stream<int> {
    while (std::optional<int> value = co_await in.next()) co_yield *value;
  };
  auto numbers = [](int last) -> Stream<int> {
    for (int i = 1; i <= last; ++i) co_yield i;
  };
  Stream<int> deep = numbers(10);
  for (int i = 0; i < 1000; ++i) deep = relay(std::move(deep));
  int sum = 0;
  while (std::optional<int> value = co_await deep.next()) sum += *value;
  EXPECT_EQ(sum, 55);
  Stream<int> longer = numbers(20'000);
  int count = 0;
  while (std::optional<int> value = co_await longer.next()) ++count;
  EXPECT_EQ(count, 20'000);
}

Task<void> read_twice_at_once() {
  Stream<int> stream = count_to(2);
  (void)co_await join(next_of(stream), next_of(stream));
}

Task<void> destroy_while_read() {
  auto stream = std::make_unique<Stream<int>>(count_to(2));
  auto destroy = [](std::unique_ptr<Stream<int>>& victim) -> Task<void> {
    (void)co_await testing::settle();
    victim.reset();
  };
  (void)co_await join(next_of(*stream), destroy(stream));
}

TEST(StreamDeathTest, EndsTheProcessWhenMisused) {
  auto run = [](Task<void> body) {
    testing::TestLoop loop(1);
    (void)loop.run(std::move(body));
  };
  EXPECT_DEATH(run(read_twice_at_once()), "read by two tasks at once");
  EXPECT_DEATH(run(destroy_while_read()), "destroyed during a next");
}

}  // namespace
}  // namespace weir
