// SPDX-License-Identifier: Apache-2.0
#include "client/cli/exit_code.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

TEST(ExitCode, EachClassOfErrorsHasItsOwn) {
  const struct {
    absl::StatusCode code;
    int expected;
  } cases[] = {
      {absl::StatusCode::kOk, 0},
      {absl::StatusCode::kCancelled, 130},
      {absl::StatusCode::kUnknown, 9},
      {absl::StatusCode::kInvalidArgument, 4},
      {absl::StatusCode::kDeadlineExceeded, 5},
      {absl::StatusCode::kNotFound, 3},
      {absl::StatusCode::kAlreadyExists, 6},
      {absl::StatusCode::kPermissionDenied, 7},
      {absl::StatusCode::kUnauthenticated, 7},
      {absl::StatusCode::kResourceExhausted, 8},
      {absl::StatusCode::kFailedPrecondition, 6},
      {absl::StatusCode::kAborted, 6},
      {absl::StatusCode::kOutOfRange, 4},
      {absl::StatusCode::kUnimplemented, 9},
      {absl::StatusCode::kInternal, 9},
      {absl::StatusCode::kUnavailable, 5},
      {absl::StatusCode::kDataLoss, 9},
  };
  for (const auto& wanted : cases) {
    EXPECT_EQ(exit_code_of(absl::Status(wanted.code, "")), wanted.expected)
        << absl::StatusCodeToString(wanted.code);
  }
}

}  // namespace
}  // namespace weir::cli
