// SPDX-License-Identifier: Apache-2.0
#include "server/status/malformed_request.h"

#include <gtest/gtest.h>

#include <string>

#include "server/status/details.h"
#include "weir/users/v1/users.pb.h"

namespace weir::status {
namespace {

using users::v1::CreateUserRequest;
using users::v1::UpdateUserRequest;

// A length-delimited field on the wire.
std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) +
         bytes;
}

std::string path_of(const absl::Status& status) {
  const auto details = detail_of<google::rpc::BadRequest>(status);
  return details && details->field_violations_size() == 1 ? details->field_violations(0).field()
                                                          : "";
}

// What makes this file necessary: protobuf says no more than false.
TEST(MalformedRequest, ProtobufRefusesStringsThatAreNotUtf8) {
  CreateUserRequest request;
  EXPECT_FALSE(request.ParseFromString(field(1, "\xFF")));
  EXPECT_TRUE(request.ParseFromString(field(1, "\xC3\xA9")));
}

TEST(MalformedRequest, NamesTheStringThatIsNotUtf8) {
  const std::string bytes = field(1, "Ada") + field(2, "ada@\xFF") + field(3, "password");
  const absl::Status status = malformed_request(*CreateUserRequest::descriptor(), bytes);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(path_of(status), "email");
}

TEST(MalformedRequest, NamesAStringInsideAMessage) {
  const std::string bytes = field(1, field(2, "\xED\xA0\x80"));
  EXPECT_EQ(path_of(malformed_request(*UpdateUserRequest::descriptor(), bytes)), "user.name");
}

TEST(MalformedRequest, CountsRepeatedStrings) {
  const std::string bytes = field(2, field(1, "name") + field(1, "\xC0\x80"));
  EXPECT_EQ(path_of(malformed_request(*UpdateUserRequest::descriptor(), bytes)),
            "update_mask.paths[1]");
}

TEST(MalformedRequest, NamesAMessageThatIsNone) {
  const std::string bytes = field(1, "\xFF\xFF");
  EXPECT_EQ(path_of(malformed_request(*UpdateUserRequest::descriptor(), bytes)), "user");
}

TEST(MalformedRequest, SaysSoIfNothingCanBeRead) {
  const absl::Status status = malformed_request(*CreateUserRequest::descriptor(), "\x0A\x7F");
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(status)->reason(), "MALFORMED_REQUEST");
}

}  // namespace
}  // namespace weir::status
