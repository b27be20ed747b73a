// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "async/task.h"
#include "async/thread_loop.h"
#include "tests/postgres/both.h"
#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

constexpr Statement kInsert{"insert", "INSERT INTO items (id, name) VALUES ($1, $2)"};
constexpr Statement kNames{"names", "SELECT name FROM items ORDER BY id"};
constexpr Statement kEcho{"echo",
                          "SELECT $1::bigint, $2::text, $3::bytea, $4::boolean, $5::text, "
                          "1700000000123456::bigint, array_length($6::bigint[], 1)"};
constexpr Statement kBackend{"backend", "SELECT pg_backend_pid()"};
constexpr Statement kAdd{"add", "UPDATE items SET n = $2 + 1 WHERE id = $1"};
constexpr Statement kRead{"read", "SELECT n FROM items WHERE id = $1"};

class PoolTest : public ::testing::Test {
 protected:
  PoolTest() {
    database_.psql().run(
        "CREATE TABLE items (id bigint PRIMARY KEY, name text, n bigint DEFAULT 0)");
  }
  testing::Database database_;
  ThreadLoop loop_;
};

Task<absl::Status> insert(Pool& pool, std::int64_t id, std::string name, absl::Status result) {
  auto fn = [id, name = std::move(name), result](Transaction& transaction) {
    transaction.run(kInsert, id, name);
    return result;
  };
  co_return co_await pool.transact(std::move(fn));
}

TEST_F(PoolTest, ATransactionCommitsWhenTheFunctionSucceeds) {
  Pool pool(database_.options());
  EXPECT_TRUE(loop_.run(insert(pool, 1, "one", absl::OkStatus())).ok());
  EXPECT_EQ(database_.psql().value("SELECT name FROM items"), "one");
}

TEST_F(PoolTest, ATransactionRollsBackWhenTheFunctionFailsAndItsStatusIsTheAnswer) {
  Pool pool(database_.options());
  const absl::Status status = loop_.run(insert(pool, 1, "one", absl::NotFoundError("mine")));
  EXPECT_EQ(status, absl::NotFoundError("mine"));
  EXPECT_EQ(database_.psql().value("SELECT count(*) FROM items"), "0");
  EXPECT_TRUE(loop_.run(insert(pool, 2, "two", absl::OkStatus())).ok());
}

Task<absl::StatusOr<std::vector<std::string>>> names(Pool& pool) {
  auto fn = [](Transaction& transaction) -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> all;
    for (const Row row : transaction.run(kNames)) all.push_back(row.string(0));
    return all;
  };
  co_return co_await pool.query(std::move(fn));
}

TEST_F(PoolTest, AQueryIsOneStatementWithoutATransaction) {
  database_.psql().run("INSERT INTO items VALUES (1, 'a'), (2, 'b')");
  Pool pool(database_.options());
  const auto all = loop_.run(names(pool));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(*all, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(pool.stats().statements, 1u);
}

Task<absl::Status> echo(Pool& pool) {
  auto fn = [](Transaction& transaction) -> absl::Status {
    const std::string bytes("\0\xff\\", 3);
    const Rows rows = transaction.run(kEcho, std::int64_t{-5}, "it's \"ü\"", Bytes(bytes), true,
                                      nullptr, std::vector<std::int64_t>{1, 2, 3});
    const Row row = rows[0];
    EXPECT_EQ(row.int64(0), -5);
    EXPECT_EQ(row.view(1), "it's \"ü\"");
    EXPECT_EQ(row.bytes(2), bytes);
    EXPECT_TRUE(row.boolean(3));
    EXPECT_TRUE(row.is_null(4));
    EXPECT_EQ(row.optional_string(4), std::nullopt);
    EXPECT_EQ(row.time(5), absl::FromUnixMicros(1700000000123456));
    EXPECT_EQ(row.int64(6), 3);
    return absl::OkStatus();
  };
  co_return co_await pool.query(std::move(fn));
}

TEST_F(PoolTest, ValuesComeBackAsTheyWent) {
  Pool pool(database_.options());
  EXPECT_TRUE(loop_.run(echo(pool)).ok());
}

Task<absl::StatusOr<std::int64_t>> prepared_on_this_connection(Pool& pool) {
  auto fn = [](Transaction& transaction) -> absl::StatusOr<std::int64_t> {
    transaction.run(kNames);
    transaction.run(kNames);
    static constexpr Statement kCount{"count", "SELECT count(*) FROM pg_prepared_statements"};
    return transaction.run(kCount)[0].int64(0);
  };
  co_return co_await pool.query(std::move(fn));
}

TEST_F(PoolTest, StatementsArePreparedOncePerConnection) {
  Options options = database_.options();
  options.max_connections = 1;
  Pool pool(options);
  EXPECT_EQ(loop_.run(prepared_on_this_connection(pool)).value_or(-1), 2);
  EXPECT_EQ(loop_.run(prepared_on_this_connection(pool)).value_or(-1), 2);
}

TEST_F(PoolTest, NothingIsPreparedAndNoSettingIsSentWhenThatIsOff) {
  Options options = database_.options();
  options.prepare = false;
  options.session_settings = false;
  Pool pool(options);
  EXPECT_EQ(loop_.run(prepared_on_this_connection(pool)).value_or(-1), 0);
  EXPECT_TRUE(loop_.run(echo(pool)).ok());
  EXPECT_TRUE(loop_.run(insert(pool, 1, "one", absl::OkStatus())).ok());
}

// Reads, waits until the other has read, too, and writes: serializable, one of the two must fail.
Task<absl::Status> increment(Pool& pool, std::int64_t id) {
  auto fn = [id](Transaction& transaction) -> absl::Status {
    const std::int64_t n = transaction.run(kRead, id)[0].int64(0);
    static constexpr Statement kPause{"pause", "SELECT 1 FROM pg_sleep(0.02)"};
    transaction.run(kPause);
    transaction.run(kAdd, id, n);
    return absl::OkStatus();
  };
  co_return co_await pool.transact(std::move(fn), Isolation::kSerializable);
}

TEST_F(PoolTest, ATransactionIsRunAgainAfterASerializationFailure) {
  database_.psql().run("INSERT INTO items VALUES (1, 'counter')");
  Options options = database_.options();
  options.max_connections = 2;
  options.min_connections = 2;
  Pool pool(options);
  int done = 0;
  for (int round = 0; round < 5; ++round) {
    const auto [a, b] = loop_.run(testing::both(increment(pool, 1), increment(pool, 1)));
    done += a.ok() + b.ok();
    EXPECT_TRUE(a.ok()) << a;
    EXPECT_TRUE(b.ok()) << b;
  }
  EXPECT_EQ(database_.psql().value("SELECT n FROM items"), std::to_string(done));
  EXPECT_GE(pool.stats().retries, 1u);
}

// Locks two rows in an order of its own.
Task<absl::Status> lock_both(Pool& pool, std::int64_t first, std::int64_t second) {
  auto fn = [first, second](Transaction& transaction) -> absl::Status {
    transaction.run(kAdd, first, 0);
    static constexpr Statement kPause{"pause", "SELECT 1 FROM pg_sleep(0.05)"};
    transaction.run(kPause);
    transaction.run(kAdd, second, 0);
    return absl::OkStatus();
  };
  co_return co_await pool.transact(std::move(fn));
}

TEST_F(PoolTest, ATransactionIsRunAgainAfterADeadlock) {
  database_.psql().run("INSERT INTO items VALUES (1, 'a'), (2, 'b')");
  database_.psql().run(
      "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || "
      "' SET deadlock_timeout = ''50ms'''; END $$");
  Options options = database_.options();
  options.max_connections = 2;
  options.min_connections = 2;
  Pool pool(options);
  ASSERT_TRUE(testing::eventually([&] { return pool.stats().connected == 2; }));
  const auto [a, b] = loop_.run(testing::both(lock_both(pool, 1, 2), lock_both(pool, 2, 1)));
  EXPECT_TRUE(a.ok()) << a;
  EXPECT_TRUE(b.ok()) << b;
  EXPECT_GE(pool.stats().retries, 1u);
}

Task<absl::StatusOr<std::int64_t>> swallow_error(Pool& pool) {
  auto fn = [](Transaction& transaction) -> absl::StatusOr<std::int64_t> {
    transaction.run(kInsert, 1, "one");
    try {
      transaction.run(kInsert, 1, "again");
    } catch (const std::exception&) {
    }
    return 1;
  };
  co_return co_await pool.transact(std::move(fn));
}

TEST_F(PoolTest, AFunctionThatCatchesAStatementsErrorDoesNotPassForCommitted) {
  Pool pool(database_.options());
  EXPECT_EQ(loop_.run(swallow_error(pool)).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(database_.psql().value("SELECT count(*) FROM items"), "0");
  EXPECT_TRUE(loop_.run(insert(pool, 2, "two", absl::OkStatus())).ok());
}

Task<absl::StatusOr<std::int64_t>> backend(Pool& pool) {
  auto fn = [](Transaction& transaction) -> absl::StatusOr<std::int64_t> {
    return transaction.run(kBackend)[0].int64(0);
  };
  co_return co_await pool.query(std::move(fn));
}

TEST_F(PoolTest, AConnectionThatWasTerminatedWhileIdleIsReplacedUnseen) {
  Options options = database_.options();
  options.max_connections = 1;
  Pool pool(options);
  const auto before = loop_.run(backend(pool));
  ASSERT_TRUE(before.ok()) << before.status();
  database_.psql().run("SELECT pg_terminate_backend(" + std::to_string(*before) + ", 5000)");
  EXPECT_TRUE(loop_.run(insert(pool, 1, "one", absl::OkStatus())).ok());
  EXPECT_NE(loop_.run(backend(pool)).value_or(*before), *before);
  EXPECT_EQ(pool.stats().connects, 2u);
}

TEST_F(PoolTest, AConnectionIsReplacedAtTheEndOfItsLife) {
  Options options = database_.options();
  options.max_connections = 1;
  options.max_lifetime = std::chrono::milliseconds(20);
  Pool pool(options);
  EXPECT_TRUE(testing::eventually([&] { return pool.stats().connects >= 3; }));
  EXPECT_TRUE(loop_.run(backend(pool)).ok());
}

TEST_F(PoolTest, TwoStatementsOfOneNameAreAMistakeThatIsNoticed) {
  Options options = database_.options();
  options.max_connections = 1;
  Pool pool(options);
  auto fn = [](Transaction& transaction) -> absl::Status {
    static constexpr Statement kOne{"same", "SELECT 1"};
    static constexpr Statement kTwo{"same", "SELECT 2"};
    transaction.run(kOne);
    transaction.run(kTwo);
    return absl::OkStatus();
  };
  const auto run = [](Pool& p, auto f) -> Task<absl::Status> { co_return co_await p.query(f); };
  EXPECT_EQ(loop_.run(run(pool, fn)).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace weir::postgres
