// SPDX-License-Identifier: Apache-2.0
// The drain in virtual time: each phase ends on its condition or at its limit.

#include "server/rpc/drain.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"

namespace weir::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

const DrainLimits kLimits = {.quiet = seconds(1),
                             .announce = seconds(45),
                             .accept = seconds(5),
                             .finish = seconds(20),
                             .cancel = seconds(2),
                             .shut_down = seconds(2)};

// A server of which only the numbers are there; writes down when it was told what.
class FakeTarget final : public DrainTarget {
 public:
  explicit FakeTarget(const EventLoop& loop) : loop_(loop), began_(loop.now()) {}

  void announce() override { note("announce"); }
  void close_door() override { note("close_door"); }
  void refuse() override { note("refuse"); }
  std::uint64_t arrived() const override { return arrived_; }
  std::size_t in_progress() const override { return in_progress_; }
  Task<std::vector<ServerLoop::Straggler>> stragglers() override {
    std::vector<ServerLoop::Straggler> all(in_progress_);
    for (ServerLoop::Straggler& one : all) one.method = "Slow/Call";
    co_return all;
  }
  void cancel() override {
    note("cancel");
    in_progress_ = immortal_;
  }
  Task<void> shut_down(Duration limit) override {
    note("shut_down");
    shut_down_limit_ = limit;
    co_return;
  }

  // Since the drain began; kForever if it never happened.
  Duration when(const std::string& what) const {
    const auto found = notes_.find(what);
    return found == notes_.end() ? Duration::max() : found->second;
  }

  std::uint64_t arrived_ = 0;
  std::size_t in_progress_ = 0;
  std::size_t immortal_ = 0;  // calls that do not end even when cancelled
  Duration shut_down_limit_{};
  std::vector<std::string> told_;

 private:
  void note(const std::string& what) {
    told_.push_back(what);
    notes_.emplace(what, loop_.now() - began_);
  }

  const EventLoop& loop_;
  const TimePoint began_;
  std::map<std::string, Duration> notes_;
};

// The drain looks every 5 ms.
void expect_about(Duration actual, Duration expected) {
  EXPECT_GE(actual, expected);
  EXPECT_LE(actual, expected + milliseconds(15));
}

std::vector<std::string> names(const DrainReport& report) {
  std::vector<std::string> names;
  for (const auto& phase : report.phases) names.push_back(phase.name);
  return names;
}

Task<void> at(Duration after, std::function<void()> action) {
  (void)co_await sleep(after);
  action();
}

ASYNC_TEST(Drain, OfAnIdleServerTakesTheQuietWindow) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  const CancellationToken hurry;
  const DrainReport report = co_await drain(target, kLimits, hurry);
  EXPECT_THAT(target.told_, ElementsAre("announce", "close_door", "refuse", "shut_down"));
  EXPECT_THAT(names(report), ElementsAre("announce", "finish", "shut_down"));
  expect_about(report.took, seconds(1));
  EXPECT_EQ(target.shut_down_limit_, seconds(2));
  EXPECT_EQ(report.exit_code(), 0);
}

Task<void> keep_arriving(FakeTarget& target, Duration every, int times) {
  for (int i = 0; i < times; ++i) {
    (void)co_await sleep(every);
    ++target.arrived_;
  }
}

ASYNC_TEST(Drain, ServesUntilNoCallHasArrivedForTheQuietWindow) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  const CancellationToken hurry;
  auto result =
      co_await join(drain(target, kLimits, hurry), keep_arriving(target, milliseconds(900), 10));
  expect_about(target.when("close_door"), seconds(5));
  expect_about(target.when("refuse"), seconds(10));  // 9 s of calls and 1 s without
  EXPECT_EQ(std::get<0>(result).arrived, 10u);
}

ASYNC_TEST(Drain, AnnouncesNoLongerThanItsLimit) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  const CancellationToken hurry;
  auto result =
      co_await join(drain(target, kLimits, hurry), keep_arriving(target, milliseconds(500), 200));
  expect_about(target.when("refuse"), seconds(45));
  EXPECT_EQ(std::get<0>(result).exit_code(), 0) << "calls that were refused were not cut";
}

ASYNC_TEST(Drain, FinishesWhenTheLastCallEnds) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  target.in_progress_ = 2;
  const CancellationToken hurry;
  const auto end_all = [&] { target.in_progress_ = 0; };
  auto result = co_await join(drain(target, kLimits, hurry), at(seconds(7), end_all));
  const DrainReport& report = std::get<0>(result);
  expect_about(target.when("shut_down"), seconds(7));
  EXPECT_EQ(report.in_progress, 2u);
  EXPECT_EQ(report.cut, 0u);
  EXPECT_EQ(target.when("cancel"), Duration::max());
  EXPECT_EQ(report.exit_code(), 0);
}

ASYNC_TEST(Drain, CutsWhatHasNotEndedAtTheLimit) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  target.in_progress_ = 2;
  const CancellationToken hurry;
  const DrainReport report = co_await drain(target, kLimits, hurry);
  EXPECT_THAT(target.told_, ElementsAre("announce", "close_door", "refuse", "cancel", "shut_down"));
  EXPECT_THAT(names(report), ElementsAre("announce", "finish", "cancel", "shut_down"));
  expect_about(target.when("cancel"), seconds(21));
  expect_about(target.when("shut_down"), seconds(21));  // they ended at once when cancelled
  EXPECT_EQ(report.cut, 2u);
  EXPECT_EQ(report.left, 0u);
  EXPECT_EQ(report.stragglers.size(), 2u);
  EXPECT_EQ(report.exit_code(), 3);
}

ASYNC_TEST(Drain, WaitsForCancelledCallsNoLongerThanItsLimit) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  target.in_progress_ = 2;
  target.immortal_ = 1;
  const CancellationToken hurry;
  const DrainReport report = co_await drain(target, kLimits, hurry);
  expect_about(target.when("shut_down"), seconds(23));
  EXPECT_EQ(report.cut, 2u);
  EXPECT_EQ(report.left, 1u);
  EXPECT_EQ(report.exit_code(), 3);
}

ASYNC_TEST(Drain, ASecondSignalCutsAtOnce) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  target.in_progress_ = 1;
  CancellationToken hurry;
  const auto press = [&] { hurry.cancel(); };
  auto result = co_await join(drain(target, kLimits, hurry), at(milliseconds(300), press));
  const DrainReport& report = std::get<0>(result);
  expect_about(target.when("cancel"), milliseconds(300));
  EXPECT_TRUE(report.hurried);
  EXPECT_EQ(report.cut, 1u);
  EXPECT_EQ(report.exit_code(), 3);
}

ASYNC_TEST(Drain, ASecondSignalWithNothingToCutEndsWell) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  CancellationToken hurry;
  hurry.cancel();
  const DrainReport report = co_await drain(target, kLimits, hurry);
  EXPECT_EQ(report.took, Duration::zero());
  EXPECT_TRUE(report.hurried);
  EXPECT_EQ(report.exit_code(), 0);
}

ASYNC_TEST(Drain, ThePhasesOfTheReportAddUp) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  target.in_progress_ = 1;
  target.immortal_ = 1;
  const CancellationToken hurry;
  const DrainReport report = co_await drain(target, kLimits, hurry);
  Duration sum{};
  for (const auto& phase : report.phases) sum += phase.took;
  EXPECT_EQ(sum, report.took);
}

ASYNC_TEST(Drain, WithLimitsOfZeroIsImmediate) {
  const Context& context = co_await this_context();
  FakeTarget target(context.loop());
  target.in_progress_ = 1;
  const CancellationToken hurry;
  const DrainLimits none = {
      .quiet = {}, .announce = {}, .accept = {}, .finish = {}, .cancel = {}, .shut_down = {}};
  const DrainReport report = co_await drain(target, none, hurry);
  EXPECT_EQ(report.took, Duration::zero());
  EXPECT_EQ(report.exit_code(), 3);
}

TEST(DrainLimits, SumUpToTheLongestDrain) { EXPECT_EQ(kLimits.total(), seconds(69)); }

}  // namespace
}  // namespace weir::rpc
