// SPDX-License-Identifier: Apache-2.0
#include "async/or_return.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "async/join.h"
#include "async/semaphore.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using testing::Alive;
using testing::settle;

absl::Status lost() { return absl::NotFoundError("lost"); }

Task<absl::StatusOr<int>> find(int id) {
  (void)co_await settle();
  if (id < 0) co_return lost();
  co_return id;
}

Task<absl::Status> check(bool good) {
  if (!good) co_return lost();
  co_return absl::OkStatus();
}

// Each level holds something and adds one to what the level below found.
Task<absl::StatusOr<int>> chain(int depth, int id, int& alive) {
  const Alive held(alive);
  if (depth == 0) co_return co_await or_return(find(id));
  const int below = co_await or_return(chain(depth - 1, id, alive));
  co_return below + 1;
}

ASYNC_TEST(OrReturn, YieldsTheValueOfATaskAndOfAValue) {
  auto body = []() -> Task<absl::StatusOr<int>> {
    const int from_task = co_await or_return(find(1));
    absl::StatusOr<int> plain = 2;
    const int from_value = co_await or_return(plain);
    const int from_temporary = co_await or_return(absl::StatusOr<int>(3));
    co_await or_return(check(true));
    co_await or_return(absl::OkStatus());
    co_return from_task + from_value + from_temporary;
  };
  const absl::StatusOr<int> sum = co_await body();
  CO_ASSERT_OK(sum);
  EXPECT_EQ(*sum, 6);
}

ASYNC_TEST(OrReturn, EndsTheCoroutineWithTheErrorUnchanged) {
  bool went_on = false;
  auto body = [](bool& flag) -> Task<absl::StatusOr<std::string>> {
    const int id = co_await or_return(find(-1));
    flag = true;
    co_return std::to_string(id);
  };
  const absl::StatusOr<std::string> result = co_await body(went_on);
  EXPECT_EQ(result.status(), lost());
  EXPECT_FALSE(went_on);
}

ASYNC_TEST(OrReturn, KeepsThePayloadsOfTheError) {
  auto fails = []() -> Task<absl::Status> {
    absl::Status status = lost();
    status.SetPayload("type.example/reason", absl::Cord("why"));
    co_return status;
  };
  auto body = [&fails]() -> Task<absl::StatusOr<int>> {
    co_await or_return(fails());
    co_return 1;
  };
  const absl::StatusOr<int> result = co_await body();
  EXPECT_EQ(result.status().GetPayload("type.example/reason"), absl::Cord("why"));
}

ASYNC_TEST(OrReturn, EndsAtAStatusThatWasReadyAtOnce) {
  bool went_on = false;
  auto body = [](bool& flag) -> Task<absl::Status> {
    co_await or_return(lost());
    flag = true;
    co_return absl::OkStatus();
  };
  const absl::Status status = co_await body(went_on);
  EXPECT_EQ(status, lost());
  EXPECT_FALSE(went_on);
}

ASYNC_TEST(OrReturn, EndsAWholeChainAndDestroysTheLocalsOfEveryLevel) {
  int alive = 0;
  const absl::StatusOr<int> failed = co_await chain(100, -1, alive);
  EXPECT_EQ(failed.status(), lost());
  EXPECT_EQ(alive, 0);
  const absl::StatusOr<int> found = co_await chain(100, 1, alive);
  CO_ASSERT_OK(found);
  EXPECT_EQ(*found, 101);
  EXPECT_EQ(alive, 0);
}

ASYNC_TEST(OrReturn, StopsTheChainAtACallerThatLooksAtTheStatus) {
  int alive = 0;
  auto tolerant = [](int& count) -> Task<absl::StatusOr<int>> {
    absl::StatusOr<int> result = co_await chain(3, -1, count);
    co_return result.ok() ? *result : -1;
  };
  auto caller = [&tolerant](int& count) -> Task<absl::StatusOr<int>> {
    const int value = co_await or_return(tolerant(count));
    co_return value;
  };
  const absl::StatusOr<int> result = co_await caller(alive);
  CO_ASSERT_OK(result);
  EXPECT_EQ(*result, -1);
}

ASYNC_TEST(OrReturn, LetsAnExceptionPass) {
  auto throws = []() -> Task<absl::Status> {
    (void)co_await settle();
    throw std::runtime_error("thrown");
  };
  auto body = [&throws]() -> Task<absl::Status> {
    co_await or_return(throws());
    co_return absl::OkStatus();
  };
  bool caught = false;
  try {
    (void)co_await body();
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

ASYNC_TEST(OrReturn, CarriesMoveOnlyValues) {
  auto make = []() -> Task<absl::StatusOr<std::unique_ptr<int>>> {
    co_return std::make_unique<int>(5);
  };
  auto body = [&make]() -> Task<absl::StatusOr<int>> {
    const std::unique_ptr<int> value = co_await or_return(make());
    co_return *value;
  };
  const absl::StatusOr<int> result = co_await body();
  CO_ASSERT_OK(result);
  EXPECT_EQ(*result, 5);
}

ASYNC_TEST(OrReturn, EndsATaskUnderATimeout) {
  int alive = 0;
  const absl::StatusOr<int> result = co_await timeout(std::chrono::seconds(1), chain(5, -1, alive));
  EXPECT_EQ(result.status(), lost());
  EXPECT_EQ(alive, 0);
}

// The first member ends in or_return with the only permit among its locals; the second waits for
// it.
ASYNC_TEST(OrReturn, FreesAPermitOfAnEarlyEndedJoinMemberWhileOthersRun) {
  Semaphore semaphore(1);
  auto fails_holding = [](Semaphore& one) -> Task<absl::Status> {
    const Permit permit = co_await or_return(co_await one.acquire());
    co_await or_return(find(-1));
    co_return absl::OkStatus();
  };
  auto waits = [](Semaphore& one) -> Task<absl::Status> {
    (void)co_await settle();
    const Permit permit = co_await or_return(co_await one.acquire());
    co_return absl::OkStatus();
  };
  const auto [failed, waited] = co_await join(fails_holding(semaphore), waits(semaphore));
  EXPECT_EQ(failed, lost());
  EXPECT_TRUE(waited.ok());

  std::vector<Task<absl::Status>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(fails_holding(semaphore));
  const std::vector<absl::Status> all = co_await join_all(std::move(tasks));
  for (const absl::Status& status : all) EXPECT_EQ(status, lost());
  EXPECT_EQ(semaphore.available(), 1U);
}

}  // namespace
}  // namespace weir
