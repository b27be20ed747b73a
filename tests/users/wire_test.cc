// SPDX-License-Identifier: Apache-2.0
#include "server/users/wire.h"

#include <gtest/gtest.h>

namespace weir::users {
namespace {

TEST(Wire, CarriesEveryField) {
  User user;
  user.id = 42;
  user.name = "Ada";
  user.email = "ada@example.com";
  user.create_time = absl::FromUnixMicros(1'700'000'000'123'456);
  user.update_time = absl::FromUnixMicros(1'700'000'001'000'001);
  user.version = 7;
  const v1::User wire = to_wire(user);
  EXPECT_EQ(wire.id(), 42);
  EXPECT_EQ(wire.name(), "Ada");
  EXPECT_EQ(wire.email(), "ada@example.com");
  EXPECT_EQ(wire.create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(wire.create_time().nanos(), 123'456'000);
  EXPECT_EQ(wire.update_time().seconds(), 1'700'000'001);
  EXPECT_EQ(wire.update_time().nanos(), 1'000);
  EXPECT_EQ(wire.etag(), "\"7\"");
}

// A protobuf timestamp counts nanoseconds forwards, also before 1970.
TEST(Wire, CountsNanosecondsForwardsBeforeTheEpoch) {
  User user;
  user.create_time = absl::FromUnixMicros(-1);
  user.update_time = absl::UnixEpoch();
  const v1::User wire = to_wire(user);
  EXPECT_EQ(wire.create_time().seconds(), -1);
  EXPECT_EQ(wire.create_time().nanos(), 999'999'000);
  EXPECT_EQ(wire.update_time().seconds(), 0);
}

}  // namespace
}  // namespace weir::users
