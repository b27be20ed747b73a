// SPDX-License-Identifier: Apache-2.0
#include "server/redis/breaker.h"

#include <gtest/gtest.h>

namespace weir::redis {
namespace {

using State = Breaker::State;

TEST(Breaker, OpensWhenEnoughCommandsInARowGotNoAnswer) {
  Breaker breaker(3);
  EXPECT_FALSE(breaker.command_unanswered());
  EXPECT_FALSE(breaker.command_unanswered());
  EXPECT_TRUE(breaker.admits());
  EXPECT_TRUE(breaker.command_unanswered());
  EXPECT_FALSE(breaker.admits());
}

TEST(Breaker, StaysClosedWhileSomeAreAnswered) {
  Breaker breaker(2);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(breaker.command_unanswered());
    breaker.command_answered();
  }
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST(Breaker, SaysOnceThatItOpened) {
  Breaker breaker(1);
  EXPECT_TRUE(breaker.command_unanswered());
  EXPECT_FALSE(breaker.command_unanswered());
  EXPECT_FALSE(breaker.trip());
}

TEST(Breaker, AdmitsNothingUntilAProbeIsAnswered) {
  Breaker breaker(1);
  EXPECT_TRUE(breaker.trip());
  breaker.probe_began();
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  EXPECT_FALSE(breaker.admits());
  EXPECT_FALSE(breaker.trip());
  EXPECT_EQ(breaker.state(), State::kOpen);
  breaker.probe_began();
  EXPECT_TRUE(breaker.probe_answered());
  EXPECT_TRUE(breaker.admits());
}

TEST(Breaker, CountsAnewAfterItClosed) {
  Breaker breaker(2);
  breaker.command_unanswered();
  breaker.trip();
  breaker.probe_answered();
  EXPECT_FALSE(breaker.command_unanswered());
  EXPECT_TRUE(breaker.command_unanswered());
}

TEST(Breaker, IsNotHalfOpenedByAConnectionMadeWhileItIsClosed) {
  Breaker breaker(1);
  breaker.probe_began();
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_FALSE(breaker.probe_answered());
}

}  // namespace
}  // namespace weir::redis
