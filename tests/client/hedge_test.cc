// SPDX-License-Identifier: Apache-2.0
// The second try of a slow read, in virtual time.
#include "client/hedge.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "async/sleep.h"
#include "async/testing/async_test.h"

namespace weir::client {
namespace {

using std::chrono::milliseconds;

constexpr Duration kAfter = milliseconds(10);

// What each try takes and ends with.
struct Planned {
  Duration takes;
  absl::StatusOr<int> result;
};

class Tries {
 public:
  explicit Tries(std::vector<Planned> planned) : planned_(std::move(planned)) {}

  Task<absl::StatusOr<int>> one(Pushback& pushback) {
    const Planned& planned = planned_.at(begun_++);
    const absl::Status slept = co_await sleep(planned.takes);
    if (!slept.ok()) {
      ++cancelled_;
      co_return slept;
    }
    if (!planned.result.ok()) pushback = Pushback::parse("7");
    co_return planned.result;
  }

  std::size_t begun() const { return begun_; }
  std::size_t cancelled() const { return cancelled_; }

 private:
  const std::vector<Planned> planned_;
  std::size_t begun_ = 0;
  std::size_t cancelled_ = 0;
};

struct Ended {
  absl::StatusOr<int> result = 0;
  Duration took{};
  bool has_pushback = false;
};

Task<Ended> run(Tries& tries, RetryBudget& budget) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begun = loop.now();
  const auto attempt = [&](Pushback& pushback) { return tries.one(pushback); };
  Pushback pushback;
  Ended ended;
  ended.result = co_await hedged<int>(kAfter, budget, attempt, pushback);
  ended.took = loop.now() - begun;
  ended.has_pushback = pushback.is_present();
  co_return ended;
}

Task<Ended> run(Tries& tries) {
  RetryBudget budget{RetryOptions()};
  co_return co_await run(tries, budget);
}

absl::Status refused() { return absl::UnavailableError("not now"); }

ASYNC_TEST(Hedge, AQuickAnswerNeedsNoSecondTry) {
  Tries tries({{milliseconds(5), 1}});
  const Ended ended = co_await run(tries);
  EXPECT_EQ(*ended.result, 1);
  EXPECT_EQ(ended.took, milliseconds(5));
  EXPECT_EQ(tries.begun(), 1u);
}

ASYNC_TEST(Hedge, ASlowOneIsOvertakenAndCancelled) {
  Tries tries({{milliseconds(1000), 1}, {milliseconds(5), 2}});
  const Ended ended = co_await run(tries);
  EXPECT_EQ(*ended.result, 2);
  EXPECT_EQ(ended.took, milliseconds(15));
  EXPECT_EQ(tries.cancelled(), 1u);
}

ASYNC_TEST(Hedge, TheFirstMayStillWin) {
  Tries tries({{milliseconds(20), 1}, {milliseconds(500), 2}});
  const Ended ended = co_await run(tries);
  EXPECT_EQ(*ended.result, 1);
  EXPECT_EQ(ended.took, milliseconds(20));
}

ASYNC_TEST(Hedge, ARefusalOfTheSecondLeavesTheFirst) {
  Tries tries({{milliseconds(50), 1}, {milliseconds(1), refused()}});
  const Ended ended = co_await run(tries);
  EXPECT_EQ(*ended.result, 1);
}

ASYNC_TEST(Hedge, ARefusalOfTheFirstIsForTheRetriesToDealWith) {
  Tries tries({{milliseconds(1), refused()}});
  const Ended ended = co_await run(tries);
  EXPECT_EQ(ended.result.status(), refused());
  EXPECT_TRUE(ended.has_pushback);
  EXPECT_EQ(tries.begun(), 1u);
}

ASYNC_TEST(Hedge, AnAnswerThatIsAnErrorIsAnAnswer) {
  Tries tries({{milliseconds(50), 1}, {milliseconds(1), absl::NotFoundError("none")}});
  const Ended ended = co_await run(tries);
  EXPECT_TRUE(absl::IsNotFound(ended.result.status()));
}

ASYNC_TEST(Hedge, WithoutBudgetTheFirstIsAwaited) {
  RetryOptions none;
  none.budget_burst = 0;
  RetryBudget budget(none);
  Tries tries({{milliseconds(1000), 1}});
  const Ended ended = co_await run(tries, budget);
  EXPECT_EQ(*ended.result, 1);
  EXPECT_EQ(tries.begun(), 1u);
}

}  // namespace
}  // namespace weir::client
