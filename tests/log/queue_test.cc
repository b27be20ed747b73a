// SPDX-License-Identifier: Apache-2.0
#include "server/log/queue.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace weir::log::detail {
namespace {

Queue::Batch taken(Queue& queue) {
  Queue::Batch batch;
  EXPECT_TRUE(queue.take(batch));
  return batch;
}

TEST(LogQueue, KeepsTheOrder) {
  Queue queue({});
  EXPECT_TRUE(queue.push("a\n", false));
  EXPECT_TRUE(queue.push("b\n", true));
  EXPECT_TRUE(queue.push("c\n", false));
  const Queue::Batch batch = taken(queue);
  EXPECT_EQ(batch.text, "a\nb\nc\n");
  EXPECT_EQ(batch.lines, 3u);
  EXPECT_EQ(batch.dropped, 0u);
}

TEST(LogQueue, IsBoundedInLinesAndCountsTheOthers) {
  Queue queue({.bytes = 1000, .lines = 8});
  int accepted = 0;
  for (int i = 0; i < 100; ++i) accepted += queue.push("x\n", false) ? 1 : 0;
  EXPECT_EQ(accepted, 6);
  const Queue::Batch batch = taken(queue);
  EXPECT_EQ(batch.lines, 6u);
  EXPECT_EQ(batch.dropped, 94u);
  EXPECT_TRUE(queue.push("y\n", false));
  EXPECT_EQ(taken(queue).dropped, 0u);
}

TEST(LogQueue, IsBoundedInBytes) {
  Queue queue({.bytes = 100, .lines = 1000});
  const std::string line = std::string(24, 'x') + "\n";
  for (int i = 0; i < 10; ++i) queue.push(line, false);
  const Queue::Batch batch = taken(queue);
  EXPECT_EQ(batch.text.size(), 75u);
  EXPECT_EQ(batch.dropped, 7u);
}

TEST(LogQueue, UrgentLinesHaveRoomThatOthersCannotTake) {
  Queue queue({.bytes = 1000, .lines = 8});
  while (queue.push("call\n", false)) {
  }
  EXPECT_TRUE(queue.push("error\n", true));
  EXPECT_TRUE(queue.push("error\n", true));
  EXPECT_FALSE(queue.push("error\n", true));
  const Queue::Batch batch = taken(queue);
  EXPECT_TRUE(batch.text.ends_with("call\nerror\nerror\n"));
  EXPECT_EQ(batch.dropped, 2u);
}

TEST(LogQueue, WhatWasPushedBeforeItClosedIsTaken) {
  Queue queue({});
  std::thread pusher([&queue] {
    queue.push("last\n", false);
    queue.close();
  });
  EXPECT_EQ(taken(queue).text, "last\n");
  pusher.join();
  Queue::Batch batch;
  EXPECT_FALSE(queue.take(batch));
}

}  // namespace
}  // namespace weir::log::detail
