// SPDX-License-Identifier: Apache-2.0
#include "server/status/details.h"

#include <gtest/gtest.h>

#include <chrono>

#include "absl/status/statusor.h"

namespace weir::status {
namespace {

using std::chrono::milliseconds;

TEST(Error, CarriesReasonDomainAndMetadata) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "USER_NOT_FOUND", "no user 42")
                                  .metadata("id", "42")
                                  .resource("weir.users.v1.User", "users/42");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no user 42");
  const auto info = detail_of<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "USER_NOT_FOUND");
  EXPECT_EQ(info->domain(), "weir.dev");
  EXPECT_EQ(info->metadata().at("id"), "42");
  const auto resource = detail_of<google::rpc::ResourceInfo>(status);
  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->resource_type(), "weir.users.v1.User");
  EXPECT_EQ(resource->resource_name(), "users/42");
}

TEST(Error, SplitsTheRetryDelayIntoSecondsAndNanoseconds) {
  const absl::Status status =
      Error(absl::StatusCode::kUnavailable, "BUSY", "busy").retry_after(milliseconds(2500));
  const auto retry = detail_of<google::rpc::RetryInfo>(status);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 2);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
}

TEST(Error, NamesEachQuota) {
  const absl::Status status = Error(absl::StatusCode::kResourceExhausted, "TOO_MANY", "too many")
                                  .quota("email", "10 a minute")
                                  .quota("client", "100 a minute");
  const auto quota = detail_of<google::rpc::QuotaFailure>(status);
  ASSERT_TRUE(quota.has_value());
  ASSERT_EQ(quota->violations_size(), 2);
  EXPECT_EQ(quota->violations(1).subject(), "client");
}

TEST(Error, BecomesAStatusOr) {
  const auto fail = []() -> absl::StatusOr<int> {
    return Error(absl::StatusCode::kAborted, "CHANGED", "changed");
  };
  EXPECT_TRUE(absl::IsAborted(fail().status()));
}

TEST(Detail, IsAbsentWhereThereIsNone) {
  EXPECT_EQ(detail_of<google::rpc::RetryInfo>(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(detail_of<google::rpc::RetryInfo>(absl::AbortedError("")), std::nullopt);
}

TEST(BadRequest, IsOkWithoutViolations) {
  const BadRequest bad;
  EXPECT_TRUE(bad.ok());
  EXPECT_TRUE(absl::Status(bad).ok());
}

TEST(BadRequest, NamesEveryField) {
  BadRequest bad;
  bad.add("name", "must not be empty").add("user.email", "must be an e-mail address");
  const absl::Status status = bad;
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(status.message(), "name must not be empty, and 1 more");
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(status)->reason(), "INVALID_REQUEST");
  const auto details = detail_of<google::rpc::BadRequest>(status);
  ASSERT_EQ(details->field_violations_size(), 2);
  EXPECT_EQ(details->field_violations(1).field(), "user.email");
  EXPECT_EQ(details->field_violations(1).description(), "must be an e-mail address");
}

TEST(BadRequest, StaysWithinTheBudgetOfTrailers) {
  BadRequest bad;
  for (int i = 0; i < 1000; ++i) bad.add(absl::StrCat("ids[", i, "]"), "must be positive");
  const absl::Status status = bad;
  EXPECT_EQ(status.message(), "ids[0] must be positive, and 999 more");
  const auto details = detail_of<google::rpc::BadRequest>(status);
  EXPECT_EQ(details->field_violations_size(), static_cast<int>(BadRequest::kMaxListed));
  EXPECT_LT(details->ByteSizeLong(), 2048u);
}

TEST(DefaultDetails, AreAddedWhereThereAreNone) {
  const absl::Status status = with_default_details(absl::UnavailableError("gone"));
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(status)->reason(), "UNAVAILABLE");
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(status)->domain(), kDomain);
  EXPECT_GT(detail_of<google::rpc::RetryInfo>(status)->retry_delay().nanos(), 0);
  EXPECT_TRUE(with_default_details(absl::OkStatus()).ok());
}

TEST(DefaultDetails, LeaveWhatIsThere) {
  const absl::Status status = Error(absl::StatusCode::kUnavailable, "OUTCOME_UNKNOWN", "lost");
  EXPECT_EQ(with_default_details(status), status);
}

}  // namespace
}  // namespace weir::status
