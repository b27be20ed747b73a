// SPDX-License-Identifier: Apache-2.0
#include "server/admin/probes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "tests/rpc/busy_queue.h"
#include "tests/rpc/number_server.h"

namespace weir::admin {
namespace {

using rpc::test::Number;
using std::chrono::milliseconds;

TEST(Livez, IsStuckWhileNoLoopComesToTheEndOfItsTurnAndNotAfter) {
  rpc::test::NumberServer server;
  std::promise<void> blocks;
  std::promise<void> go_on;
  server.unary = [&](const Number& asked) -> Task<absl::StatusOr<Number>> {
    blocks.set_value();
    go_on.get_future().wait();  // what no handler must do
    co_return asked;
  };
  server.start();
  const TimePoint limit = std::chrono::steady_clock::now() + rpc::test::kPatience;
  while (is_stuck(server.server(), milliseconds(0))) {  // the turn of its start may still run
    ASSERT_LT(std::chrono::steady_clock::now(), limit) << "it never sleeps";
  }
  std::thread caller([&] { (void)rpc::test::call(*server.client()); });
  blocks.get_future().wait();
  while (!is_stuck(server.server(), milliseconds(1))) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
  }
  EXPECT_FALSE(is_stuck(server.server(), std::chrono::hours(1)));
  go_on.set_value();
  caller.join();
  while (is_stuck(server.server(), milliseconds(1))) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
  }
}

TEST(Livez, IsStuckWhileEveryLoopIsBusyInsideGrpc) {
  rpc::test::BusyQueue busy;
  rpc::test::NumberServer server;
  server.unary = [&](const Number& asked) -> Task<absl::StatusOr<Number>> {
    co_await busy.keep_busy();
    co_return asked;
  };
  server.start();
  std::thread caller([&] { (void)rpc::test::call(*server.client()); });
  const TimePoint limit = std::chrono::steady_clock::now() + rpc::test::kPatience;
  bool is_seen = false;
  while (!is_seen && std::chrono::steady_clock::now() < limit) {
    is_seen = busy.is_busy() && is_stuck(server.server(), milliseconds(200));
  }
  EXPECT_TRUE(is_seen);
  EXPECT_GT(server.server().blocked_turns(), 0U);
  busy.stop();
  caller.join();
  while (is_stuck(server.server(), milliseconds(1))) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
  }
}

}  // namespace
}  // namespace weir::admin
