// SPDX-License-Identifier: Apache-2.0
#include "rpc/status.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/status/details.h"

namespace weir::rpc {
namespace {

TEST(Status, OkIsOkBothWays) {
  EXPECT_TRUE(to_grpc(absl::OkStatus()).ok());
  EXPECT_TRUE(from_grpc(grpc::Status::OK).ok());
}

TEST(Status, EveryCodeSurvives) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "because");
    EXPECT_EQ(to_grpc(status).error_code(), code);
    EXPECT_EQ(from_grpc(to_grpc(status)), status);
  }
}

TEST(Status, DetailsSurvive) {
  const absl::Status status =
      status::Error(absl::StatusCode::kNotFound, "USER_NOT_FOUND", "no user")
          .metadata("id", "42")
          .resource("weir.users.v1.User", "users/42");
  EXPECT_EQ(from_grpc(to_grpc(status)), status);
}

TEST(Status, DetailsTravelAsTheStandardMessage) {
  const absl::Status status = status::Error(absl::StatusCode::kAborted, "STALE", "changed");
  google::rpc::Status rich;
  ASSERT_TRUE(rich.ParseFromString(to_grpc(status).error_details()));
  EXPECT_EQ(rich.code(), 10);
  EXPECT_EQ(rich.message(), "changed");
  ASSERT_EQ(rich.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(rich.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "STALE");
}

TEST(Status, WithoutDetailsNothingIsAdded) {
  EXPECT_TRUE(to_grpc(absl::InternalError("x")).error_details().empty());
}

TEST(Status, PayloadsThatAreNotForClientsStayHere) {
  absl::Status status = absl::AbortedError("serialization failure");
  status.SetPayload("weir.dev/sqlstate", absl::Cord("40001"));
  EXPECT_TRUE(to_grpc(status).error_details().empty());
}

TEST(Status, DetailsThatAreNotAMessageAreIgnored) {
  const grpc::Status garbled(grpc::NOT_FOUND, "gone", "\xff\xff\xff");
  EXPECT_EQ(from_grpc(garbled), absl::NotFoundError("gone"));
}

}  // namespace
}  // namespace weir::rpc
