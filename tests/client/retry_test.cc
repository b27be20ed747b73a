// SPDX-License-Identifier: Apache-2.0
// The rules of retrying, in virtual time: attempts are scripted, waits are measured.
#include "client/retry.h"

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <vector>

#include "async/select.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "server/status/details.h"

namespace weir::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Outcome {
  absl::StatusOr<int> result;
  Pushback pushback;
};

absl::Status unavailable() { return absl::UnavailableError("not now"); }

// What a server does to one call after another; the last outcome repeats.
class Script {
 public:
  explicit Script(std::vector<Outcome> outcomes) : outcomes_(std::move(outcomes)) {}

  Task<absl::StatusOr<int>> attempt(Pushback& pushback) {
    const Context& context = co_await this_context();
    times_.push_back(context.loop().now());
    const Outcome& outcome = outcomes_[std::min(times_.size(), outcomes_.size()) - 1];
    pushback = outcome.pushback;
    co_return outcome.result;
  }

  std::size_t attempts() const { return times_.size(); }
  Duration wait_before(std::size_t attempt) const { return times_[attempt] - times_[attempt - 1]; }

 private:
  std::vector<Outcome> outcomes_;
  std::vector<TimePoint> times_;
};

Task<absl::StatusOr<int>> call(Script& script, RetryBudget& budget, Repeat repeat,
                               const RetryOptions& options) {
  const auto attempt = [&](Pushback& pushback) { return script.attempt(pushback); };
  return with_retries<int>(options, budget, repeat, attempt);
}

Task<absl::StatusOr<int>> call(Script& script, Repeat repeat = Repeat::kHarmless) {
  const RetryOptions options;
  RetryBudget budget(options);
  co_return co_await call(script, budget, repeat, options);
}

ASYNC_TEST(Retry, TriesAgainUntilTheServerIsThere) {
  Script script({{unavailable(), {}}, {unavailable(), {}}, {7, {}}});
  const auto result = co_await call(script);
  CO_ASSERT_OK(result);
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(script.attempts(), 3u);
}

ASYNC_TEST(Retry, GivesUpAfterTheLastAttemptWithItsError) {
  Script script({{unavailable(), {}}});
  const auto result = co_await call(script);
  EXPECT_EQ(result.status(), unavailable());
  EXPECT_EQ(script.attempts(), 4u);
}

ASYNC_TEST(Retry, RepeatsNothingButUnavailable) {
  for (int code = 1; code <= 16; ++code) {
    if (code == static_cast<int>(absl::StatusCode::kUnavailable)) continue;
    const absl::Status error(static_cast<absl::StatusCode>(code), "no");
    Script script({{error, Pushback::parse("5")}, {7, {}}});
    const auto result = co_await call(script);
    EXPECT_EQ(result.status(), error);
    EXPECT_EQ(script.attempts(), 1u) << error;
  }
}

ASYNC_TEST(Retry, WaitsLessThanABackOffThatDoublesUpToItsCap) {
  RetryOptions options;
  options.max_attempts = 6;
  options.initial_backoff = milliseconds(100);
  options.max_backoff = milliseconds(300);
  RetryBudget budget(options);
  Script script({{unavailable(), {}}});
  (void)co_await call(script, budget, Repeat::kHarmless, options);
  CO_ASSERT_TRUE(script.attempts() == 6u);
  const milliseconds limits[] = {milliseconds(100), milliseconds(200), milliseconds(300),
                                 milliseconds(300), milliseconds(300)};
  for (std::size_t i = 0; i < std::size(limits); ++i) {
    EXPECT_LT(script.wait_before(i + 1), limits[i]) << "before attempt " << i + 2;
  }
}

ASYNC_TEST(Retry, WaitsAtLeastAsLongAsTheServerPushesBack) {
  Script script({{unavailable(), Pushback::parse("2000")}, {7, {}}});
  CO_ASSERT_OK(co_await call(script));
  EXPECT_GE(script.wait_before(1), seconds(2));
  EXPECT_LT(script.wait_before(1), seconds(2) + RetryOptions().initial_backoff);
}

ASYNC_TEST(Retry, WaitsAtLeastAsLongAsRetryInfoSays) {
  absl::Status error = unavailable();
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(1);
  info.mutable_retry_delay()->set_nanos(500'000'000);
  status::set_detail(error, info);
  Script script({{error, {}}, {7, {}}});
  CO_ASSERT_OK(co_await call(script));
  EXPECT_GE(script.wait_before(1), milliseconds(1500));
}

ASYNC_TEST(Retry, StopsWhereTheServerForbidsIt) {
  static constexpr std::array kValues = {"-1", "never", "", "99999999999999999999"};
  for (const char* value : kValues) {
    Script script({{unavailable(), Pushback::parse(value)}, {7, {}}});
    EXPECT_EQ((co_await call(script)).status(), unavailable());
    EXPECT_EQ(script.attempts(), 1u) << value;
  }
}

ASYNC_TEST(Retry, RepeatsAHarmfulCallOnlyIfItWasRefusedUnbegun) {
  Script broken({{unavailable(), {}}, {7, {}}});
  EXPECT_EQ((co_await call(broken, Repeat::kHarmful)).status(), unavailable());
  EXPECT_EQ(broken.attempts(), 1u);

  Script refused({{unavailable(), Pushback::parse("0")}, {7, {}}});
  CO_ASSERT_OK(co_await call(refused, Repeat::kHarmful));
  EXPECT_EQ(refused.attempts(), 2u);
}

ASYNC_TEST(Retry, BeginsNoWaitThatTheDeadlineWouldCut) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  Script script({{unavailable(), Pushback::parse("3000")}, {7, {}}});
  EXPECT_EQ((co_await timeout(seconds(2), call(script))).status(), unavailable());
  EXPECT_EQ(script.attempts(), 1u);
  EXPECT_EQ(context.loop().now(), begin);
}

ASYNC_TEST(Retry, StopsWaitingWhenCancelled) {
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  Script script({{unavailable(), Pushback::parse("60000")}, {7, {}}});
  const auto nap = []() -> Task<void> { (void)co_await sleep(milliseconds(5)); };
  const auto first = co_await select(call(script), nap());
  EXPECT_EQ(first.index(), 1u);
  EXPECT_EQ(context.loop().now() - begin, milliseconds(5));
  EXPECT_EQ(script.attempts(), 1u);
}

ASYNC_TEST(Retry, AnOutageAddsNoMoreRetriesThanTheBudget) {
  constexpr int kCalls = 200;
  const RetryOptions options;
  RetryBudget budget(options);
  Script down({{unavailable(), {}}});
  for (int i = 0; i < kCalls; ++i) {
    (void)co_await call(down, budget, Repeat::kHarmless, options);
  }
  const std::size_t retries = down.attempts() - kCalls;
  EXPECT_LE(retries, static_cast<std::size_t>(options.budget_burst + kCalls / 10));
  EXPECT_GE(retries, static_cast<std::size_t>(kCalls / 10));
}

TEST(Pushback, IsAbsentUntilItIsParsed) {
  EXPECT_FALSE(Pushback().is_present());
  EXPECT_FALSE(Pushback().forbids());
  EXPECT_EQ(Pushback::parse("250").delay(), Duration(milliseconds(250)));
  EXPECT_TRUE(Pushback::parse("-250").forbids());
}

}  // namespace
}  // namespace weir::client
