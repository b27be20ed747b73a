// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/accept_slots.h"

#include <gtest/gtest.h>

namespace weir::rpc {
namespace {

TEST(AcceptSlots, ReplaceWhatArrivesWhileFewArrive) {
  AcceptSlots slots(64);
  for (std::uint64_t turn = 1; turn < 100; ++turn) EXPECT_EQ(slots.arrived(turn), 1);
  EXPECT_EQ(slots.awaited(), AcceptSlots::kFirst);
}

TEST(AcceptSlots, DoubleWhenATurnHasUsedThemAll) {
  AcceptSlots slots(64);
  EXPECT_EQ(slots.arrived(1), 1);
  EXPECT_EQ(slots.arrived(1), 1 + 2);
  EXPECT_EQ(slots.awaited(), 4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(slots.arrived(2), 1);
  EXPECT_EQ(slots.arrived(2), 1 + 4);
  EXPECT_EQ(slots.awaited(), 8);
}

TEST(AcceptSlots, ABurstOfOneTurnGrowsThemUpToTheBoundAndNoFurther) {
  AcceptSlots slots(11);
  int awaited = slots.awaited();
  for (int i = 0; i < 200; ++i) awaited += slots.arrived(1) - 1;
  EXPECT_EQ(awaited, 11);
  EXPECT_EQ(slots.awaited(), 11);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(slots.arrived(2), 1);
}

TEST(AcceptSlots, OneIsOne) {
  AcceptSlots slots(1);
  EXPECT_EQ(slots.awaited(), 1);
  EXPECT_EQ(slots.arrived(1), 1);
  EXPECT_EQ(slots.arrived(1), 1);
}

}  // namespace
}  // namespace weir::rpc
