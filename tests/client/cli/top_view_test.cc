// SPDX-License-Identifier: Apache-2.0
#include "client/cli/top_view.h"

#include <gmock/gmock.h>

#include <chrono>

namespace weir::cli {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr char kBefore[] = R"(# HELP calls
weir_rpc_ended_total{method="a",code="OK"} 100
weir_rpc_ended_total{method="a",code="NOT_FOUND"} 10
weir_rpc_duration_seconds_bucket{method="a",le="0.001"} 0
weir_rpc_duration_seconds_bucket{method="a",le="+Inf"} 0
weir_drain_phase{phase="serving"} 1
weir_serving 1
)";
constexpr char kNow[] = R"(weir_rpc_ended_total{method="a",code="OK"} 300
weir_rpc_ended_total{method="a",code="NOT_FOUND"} 20
weir_rpc_duration_seconds_bucket{method="a",le="0.001"} 100
weir_rpc_duration_seconds_bucket{method="a",le="+Inf"} 100
weir_drain_phase{phase="serving"} 1
weir_drain_phase{phase="announce"} 0
weir_serving 1
)";

TEST(Scrape, RowsAreAddedUpByTheirLabels) {
  const Scrape scrape(kBefore);
  EXPECT_EQ(scrape.sum("weir_rpc_ended_total"), 110);
  EXPECT_EQ(scrape.sum("weir_rpc_ended_total", {{"code", "OK"}}), 100);
  EXPECT_EQ(scrape.sum("weir_rpc_ended_total", {{"code", "ABORTED"}}), 0);
  EXPECT_EQ(scrape.sum("weir_no_such_thing"), 0);
}

TEST(Change, RatesAndQuantilesAreOfTheTimeBetween) {
  const Scrape before(kBefore);
  const Scrape now(kNow);
  const Change change(before, now, seconds(2));
  EXPECT_EQ(change.rate("weir_rpc_ended_total"), 105);
  EXPECT_NEAR(change.quantile(0.5, "weir_rpc_duration_seconds"), 0.0005, 1e-9);
  const Change none(now, now, seconds(2));
  EXPECT_EQ(none.quantile(0.5, "weir_rpc_duration_seconds"), 0);
}

TEST(TopView, ShowsNumbersAndWhatEachCallAwaits) {
  const Scrape before(kBefore);
  const Scrape now(kNow);
  const std::string view = top_view(Change(before, now, seconds(2)), R"({"loops":[
    {"loop":"weir-loop-0","answered":true,"calls":[{"method":"weir.users.v1.UserService/GetUser",
     "age_ms":1500,"deadline_ms":200,"task":{"file":"/a/serve.h","line":1,"children":[
       {"file":"/a/b.cc","line":2,"awaits":"postgres load","awaits_file":"/a/user_repository.cc",
        "awaits_line":7,"awaits_ms":1400,"children":[]}]}}]},
    {"loop":"weir-loop-1","answered":false,"calls":[]}]})");
  EXPECT_THAT(view, HasSubstr("serving"));
  EXPECT_THAT(view, HasSubstr("calls     105 /s   not OK 5 /s"));
  EXPECT_THAT(view, HasSubstr("weir-loop-1 DID NOT ANSWER"));
  EXPECT_THAT(view, HasSubstr("1.50 s  200.00 ms  UserService/GetUser  "
                              "postgres load at user_repository.cc for 1.40 s"));
}

TEST(TopView, SaysWhenTheCallsCannotBeRead) {
  const Scrape now(kNow);
  EXPECT_THAT(top_view(Change(now, now, seconds(1)), "<html>"), HasSubstr("could not be read"));
}

}  // namespace
}  // namespace weir::cli
