// SPDX-License-Identifier: Apache-2.0
#include "async/cancelled.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "async/join.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::settle;

Task<absl::Status> wait_for(CancellationToken token) { co_return co_await cancelled(token); }

ASYNC_TEST(Cancelled, IsOkAtOnceWhenTheTokenWasCancelled) {
  CancellationToken token;
  token.cancel();
  const absl::Status status = co_await cancelled(token);
  EXPECT_TRUE(status.ok());
}

ASYNC_TEST(Cancelled, WakesEveryWaiterOfTheTokenAndOfItsChildren) {
  CancellationToken token;
  auto cancel_later = [](CancellationToken root) -> Task<void> {
    (void)co_await sleep(1s);
    root.cancel();
  };
  const auto [a, b, c] =
      co_await join(wait_for(token), wait_for(token.child().child()), cancel_later(token));
  EXPECT_TRUE(a.ok());
  EXPECT_TRUE(b.ok());
  const Context& context = co_await this_context();
  EXPECT_EQ(context.status(), absl::OkStatus());  // a token is not the waiter's own cancellation
}

ASYNC_TEST(Cancelled, EndsWithTheWaitersOwnCancellation) {
  const CancellationToken token;
  const absl::Status status = co_await timeout(1s, wait_for(token));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_FALSE(token.is_cancelled());
}

ASYNC_TEST(Cancelled, EndsOnceWhenBothHappenAtTheSameTime) {
  CancellationToken token;
  auto cancel_at = [](CancellationToken root) -> Task<void> {
    (void)co_await sleep(1s);
    root.cancel();
  };
  const auto [status, unused] = co_await join(timeout(1s, wait_for(token)), cancel_at(token));
  EXPECT_TRUE(status.ok() || absl::IsDeadlineExceeded(status)) << status;
}

// cppcoro#221: a waiter resumed inside cancel() runs under the canceller's locks, on its thread.
ASYNC_TEST(Cancelled, NeverResumesTheWaiterInsideCancel) {
  CancellationToken token;
  bool inside = false;
  bool woken = false;
  auto waiter = [](CancellationToken root, bool& in_cancel, bool& was_woken) -> Task<void> {
    (void)co_await cancelled(root);
    EXPECT_FALSE(in_cancel);
    was_woken = true;
  };
  auto canceller = [](CancellationToken root, bool& in_cancel, bool& was_woken) -> Task<void> {
    (void)co_await settle();
    in_cancel = true;
    root.cancel();
    EXPECT_FALSE(was_woken);
    in_cancel = false;
  };
  co_await join(waiter(token, inside, woken), canceller(token, inside, woken));
  EXPECT_TRUE(woken);
}

TEST(CancelledAcrossThreads, ResumesTheWaiterOnItsOwnLoop) {
  for (int round = 0; round < 200; ++round) {
    CancellationToken token;
    std::latch start(2);
    std::thread canceller([&] {
      start.arrive_and_wait();
      token.cancel();
    });
    auto waiter = [](CancellationToken root, std::latch& begin) -> Task<absl::Status> {
      const std::thread::id here = std::this_thread::get_id();
      begin.arrive_and_wait();
      absl::Status status = co_await cancelled(root);
      EXPECT_EQ(std::this_thread::get_id(), here);
      co_return status;
    };
    ThreadLoop loop;
    EXPECT_TRUE(loop.run(waiter(token, start)).ok());
    canceller.join();
  }
}

}  // namespace
}  // namespace weir
