// SPDX-License-Identifier: Apache-2.0
#include "async/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "async/join.h"
#include "async/testing/async_test.h"
#include "async/with_scope.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Alive;

struct Connection {
  Connection(int number, int& alive) : id(number), here(alive) {}
  int id;
  Alive here;
};

// A server that takes `delay` to connect or to answer a ping.
struct Server {
  Task<absl::StatusOr<Connection>> connect() {
    most = std::max(most, alive + ++connecting);
    const absl::Status slept = co_await sleep(delay);
    --connecting;
    co_await or_return(slept);
    co_await or_return(connect_error);
    co_return Connection(++made, alive);
  }
  Task<absl::Status> ping(Connection& connection) {
    ++pings;
    const int id = connection.id;
    co_await or_return(co_await sleep(delay));
    co_return sick.contains(id) ? absl::UnavailableError("no answer") : absl::OkStatus();
  }

  Duration delay = 0s;
  absl::Status connect_error;
  std::set<int> sick;
  int connecting = 0;
  int alive = 0;
  int made = 0;
  int most = 0;
  int pings = 0;
};

PoolOptions options(std::size_t max) {
  PoolOptions some;
  some.max = max;
  some.seed = 7;
  return some;
}

class TestPool : public Pool<Connection> {
 public:
  TestPool(Server& server, const PoolOptions& options)
      : Pool<Connection>(
            options, [&server] { return server.connect(); },
            [&server](Connection& connection) { return server.ping(connection); }) {}
};

Task<absl::StatusOr<int>> use(Pool<Connection>& pool, Duration time) {
  Lease<Connection> connection = co_await or_return(pool.acquire());
  const int id = connection->id;
  co_await or_return(co_await sleep(time));
  co_return id;
}

ASYNC_TEST(Pool, LendsTheSameOneAgain) {
  Server server;
  TestPool pool(server, options(3));
  EXPECT_EQ(*co_await use(pool, 1s), 1);
  EXPECT_EQ(*co_await use(pool, 1s), 1);
  EXPECT_EQ(server.pings, 1);  // not of one just made
  EXPECT_EQ(pool.stats().idle, 1U);
  CO_ASSERT_OK(co_await pool.close());
  EXPECT_EQ(server.alive, 0);
}

ASYNC_TEST(Pool, OpensNoMoreThanItsMaximumAndServesInOrder) {
  Server server;
  server.delay = 100ms;
  TestPool pool(server, options(2));
  std::vector<int> order;
  auto user = [](Pool<Connection>& lender, int index, std::vector<int>& out) -> Task<void> {
    const absl::StatusOr<Lease<Connection>> lease = co_await lender.acquire();
    EXPECT_TRUE(lease.ok()) << lease.status();
    out.push_back(index);
    (void)co_await sleep((1 + index % 3) * 100ms);
  };
  std::vector<Task<void>> users;
  for (int i = 0; i < 8; ++i) users.push_back(user(pool, i, order));
  co_await join_all(std::move(users));
  EXPECT_EQ(server.most, 2);
  EXPECT_EQ(server.made, 2);
  EXPECT_EQ(order.size(), 8U);
  // Two are served at a time, and a check takes as long as the next: neighbours may swap.
  for (int i = 0; i < 8; ++i) EXPECT_LE(std::abs(order[static_cast<std::size_t>(i)] - i), 2);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, ThrowsAwayWhatItsUserDiscards) {
  Server server;
  TestPool pool(server, options(1));
  {
    absl::StatusOr<Lease<Connection>> lease = co_await pool.acquire();
    CO_ASSERT_OK(lease);
    lease->discard();
    EXPECT_EQ(server.alive, 0);
    EXPECT_FALSE(*lease);
    // Its place is free at once.
    EXPECT_EQ(*co_await use(pool, 0s), 2);
  }
  EXPECT_EQ(pool.stats().discarded, 1U);
  EXPECT_EQ(pool.stats().open, 1U);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, ThrowsAwayWhatFailsItsCheck) {
  Server server;
  TestPool pool(server, options(3));
  (void)co_await join(use(pool, 1s), use(pool, 1s));
  EXPECT_EQ(pool.stats().idle, 2U);
  server.sick = {1, 2};
  EXPECT_EQ(*co_await use(pool, 1s), 3);
  EXPECT_EQ(pool.stats().failed_checks, 2U);
  EXPECT_EQ(server.alive, 1);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, ThrowsAwayTheOldAndTheLongIdle) {
  Server server;
  PoolOptions some = options(3);
  some.idle_lifetime = 1min;
  some.max_lifetime = 3min;
  some.lifetime_jitter = 0;
  TestPool pool(server, some);
  EXPECT_EQ(*co_await use(pool, 1s), 1);
  (void)co_await sleep(59s);
  EXPECT_EQ(*co_await use(pool, 1s), 1);
  (void)co_await sleep(60s);
  EXPECT_EQ(*co_await use(pool, 1s), 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*co_await use(pool, 35s), 2);  // 176 s old
  EXPECT_EQ(*co_await use(pool, 35s), 2);                              // 211 s: not taken back
  EXPECT_EQ(server.alive, 0);
  EXPECT_EQ(pool.stats().expired, 2U);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, SpreadsTheLifetimesOfThoseMadeTogether) {
  Server server;
  PoolOptions some = options(10);
  some.idle_lifetime = kForever - TimePoint();
  some.max_lifetime = 100min;
  some.lifetime_jitter = 0.5;
  TestPool pool(server, some);
  std::vector<Task<absl::StatusOr<int>>> users;
  for (int i = 0; i < 10; ++i) users.push_back(use(pool, 1s));
  (void)co_await join_all(std::move(users));
  (void)co_await sleep(75min);
  // Look at all at once: those beyond their time are replaced.
  std::vector<Task<absl::StatusOr<int>>> again;
  for (int i = 0; i < 10; ++i) again.push_back(use(pool, 1s));
  (void)co_await join_all(std::move(again));
  EXPECT_GE(pool.stats().expired, 1U);
  EXPECT_LE(pool.stats().expired, 9U);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, GivesACreateErrorToTheOneWhoAskedAndThePlaceToTheNext) {
  Server server;
  server.delay = 1s;
  server.connect_error = absl::UnavailableError("refused");
  TestPool pool(server, options(1));
  const auto [a, b] = co_await join(use(pool, 1s), use(pool, 1s));
  EXPECT_EQ(a.status(), server.connect_error);
  EXPECT_EQ(b.status(), server.connect_error);
  server.connect_error = absl::OkStatus();
  EXPECT_TRUE((co_await use(pool, 1s)).ok());
  EXPECT_EQ(pool.stats().create_failures, 2U);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, GivesUpAfterItsAcquireTimeout) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Server server;
  TestPool pool(server, options(1));
  auto ask = [](Pool<Connection>& lender) -> Task<absl::Status> {
    (void)co_await testing::settle();
    co_return (co_await lender.acquire()).status();
  };
  const auto [held, asked, sooner] =
      co_await join(use(pool, 1h), ask(pool), timeout(1s, ask(pool)));
  EXPECT_TRUE(held.ok());
  EXPECT_TRUE(absl::IsUnavailable(asked)) << asked;
  EXPECT_TRUE(absl::IsDeadlineExceeded(sooner)) << sooner;
  EXPECT_EQ(pool.stats().timeouts, 1U);
  EXPECT_EQ(loop.now(), begin + 1h);
  CO_ASSERT_OK(co_await pool.close());
}

ASYNC_TEST(Pool, WaitsForItsLeasesWhenItCloses) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  Server server;
  TestPool pool(server, options(1));
  auto close = [](Pool<Connection>& lender) -> Task<absl::Status> {
    (void)co_await sleep(1s);
    EXPECT_TRUE(absl::IsDeadlineExceeded(co_await timeout(1s, lender.close())));
    co_return co_await lender.close();
  };
  const auto [held, waiting, closed] = co_await join(use(pool, 4s), use(pool, 4s), close(pool));
  EXPECT_EQ(held.ok() + waiting.ok(), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(held.ok() ? waiting.status() : held.status()));
  EXPECT_TRUE(closed.ok());
  EXPECT_EQ(loop.now(), begin + 4s);
  EXPECT_EQ(server.alive, 0);
  EXPECT_TRUE(absl::IsFailedPrecondition((co_await pool.acquire()).status()));
}

ASYNC_TEST(Pool, KeepsItsMinimumOpenAndLetsTheIdleGo) {
  Server server;
  PoolOptions some = options(5);
  some.min = 2;
  some.idle_lifetime = 2min;
  some.max_lifetime = 10min;
  TestPool pool(server, some);
  auto body = [&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(pool.maintain());
    (void)co_await sleep(1s);
    EXPECT_EQ(pool.stats().idle, 2U);
    std::vector<Task<absl::StatusOr<int>>> users;
    for (int i = 0; i < 5; ++i) users.push_back(use(pool, 1s));
    (void)co_await join_all(std::move(users));
    EXPECT_EQ(pool.stats().idle, 5U);
    (void)co_await sleep(3min);
    EXPECT_EQ(pool.stats().idle, 2U);
    // The minimum is replaced too, when it is too old.
    (void)co_await sleep(10min);
    EXPECT_EQ(pool.stats().idle, 2U);
    EXPECT_GE(server.made, 7);
    server.connect_error = absl::UnavailableError("down");
    (void)co_await sleep(10min);
    EXPECT_EQ(pool.stats().idle, 0U);
    server.connect_error = absl::OkStatus();
    (void)co_await sleep(31s);
    EXPECT_EQ(pool.stats().idle, 2U);
    scope.cancel();
    co_return absl::OkStatus();
  };
  CO_ASSERT_OK(co_await with_scope(body));
  EXPECT_LE(server.most, 5);
  CO_ASSERT_OK(co_await pool.close());
  EXPECT_EQ(server.alive, 0);
}

// Told to stop in the queue, while connecting, in a check, at work, and on the instants between:
// what was half made or half checked is gone, nothing else is, and the place is free.
ASYNC_TEST(Pool, LosesNothingWhereverAnAcquireIsCancelled) {
  for (Duration patience = 0ms; patience <= 3s; patience += 250ms) {
    Server server;
    server.delay = 500ms;
    TestPool pool(server, options(2));
    std::vector<Task<absl::StatusOr<int>>> users;
    for (int i = 0; i < 6; ++i) {
      if (i % 2 == 0) {
        users.push_back(timeout(patience, use(pool, 500ms)));
      } else {
        users.push_back(use(pool, 500ms));
      }
    }
    const auto all = co_await join_all(std::move(users));
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_TRUE(all[i].ok() || (i % 2 == 0 && absl::IsDeadlineExceeded(all[i].status())))
          << all[i].status();
    }
    EXPECT_LE(server.most, 2);
    EXPECT_EQ(server.alive, static_cast<int>(pool.stats().idle));
    EXPECT_EQ(pool.stats().open, pool.stats().idle);
    const auto [a, b] = co_await join(use(pool, 1s), use(pool, 1s));
    EXPECT_TRUE(a.ok() && b.ok());
    CO_ASSERT_OK(co_await pool.close());
    EXPECT_EQ(server.alive, 0);
  }
}

ASYNC_TEST(Lease, ComesBackOnceHoweverItMoves) {
  Server server;
  TestPool pool(server, options(2));
  {
    absl::StatusOr<Lease<Connection>> a = co_await pool.acquire();
    absl::StatusOr<Lease<Connection>> b = co_await pool.acquire();
    CO_ASSERT_TRUE(a.ok() && b.ok());
    Lease<Connection> moved = *std::move(a);
    EXPECT_EQ(moved->id, 1);
    moved = *std::move(b);
    EXPECT_EQ(moved->id, 2);
    EXPECT_EQ(pool.stats().idle, 1U);
  }
  EXPECT_EQ(pool.stats().idle, 2U);
  CO_ASSERT_OK(co_await pool.close());
}

TEST(PoolDeathTest, EndsTheProcessWhenALeaseOutlivesIt) {
  auto body = []() -> Task<void> {
    Server server;
    auto pool = std::make_unique<TestPool>(server, options(1));
    const absl::StatusOr<Lease<Connection>> lease = co_await pool->acquire();
    pool.reset();
  };
  auto run = [&] {
    testing::TestLoop loop(1);
    (void)loop.run(body());
  };
  EXPECT_DEATH(run(), "destroyed with 1 leases out");
}

}  // namespace
}  // namespace weir
