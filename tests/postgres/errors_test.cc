// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/errors.h"

#include <gtest/gtest.h>

#include <string>

#include "async/task.h"
#include "async/thread_loop.h"
#include "server/postgres/pool.h"
#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

class ErrorsTest : public ::testing::Test {
 protected:
  ErrorsTest() : pool_(database_.options()) {
    database_.psql().run(
        "CREATE TABLE parents (id bigint PRIMARY KEY);"
        "CREATE TABLE items (id bigint CONSTRAINT items_key UNIQUE, name text NOT NULL DEFAULT 'x',"
        "  n int CONSTRAINT positive CHECK (n > 0), parent bigint CONSTRAINT has_parent REFERENCES "
        "  parents);"
        "INSERT INTO items (id) VALUES (1)");
  }

  static Task<absl::Status> statement(Pool& pool, const char* sql) {
    auto fn = [sql](Transaction& transaction) -> absl::Status {
      transaction.run(Statement{sql, sql});
      return absl::OkStatus();
    };
    co_return co_await pool.transact(std::move(fn));
  }
  absl::Status run(const char* sql) { return loop_.run(statement(pool_, sql)); }

  testing::Database database_;
  ThreadLoop loop_;
  Pool pool_;
};

TEST_F(ErrorsTest, AUniqueViolationIsAlreadyExistsAndNamesItsConstraint) {
  const absl::Status status = run("INSERT INTO items (id) VALUES (1)");
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << status;
  EXPECT_EQ(violated_constraint(status), "items_key");
  EXPECT_EQ(sqlstate_of(status), "23505");
}

TEST_F(ErrorsTest, OtherConstraintsAreFailedPreconditions) {
  const absl::Status check = run("INSERT INTO items (id, n) VALUES (2, -1)");
  EXPECT_EQ(check.code(), absl::StatusCode::kFailedPrecondition) << check;
  EXPECT_EQ(violated_constraint(check), "positive");
  const absl::Status foreign = run("INSERT INTO items (id, parent) VALUES (2, 7)");
  EXPECT_EQ(foreign.code(), absl::StatusCode::kFailedPrecondition) << foreign;
  EXPECT_EQ(violated_constraint(foreign), "has_parent");
  const absl::Status missing = run("INSERT INTO items (id, name) VALUES (2, NULL)");
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition) << missing;
  EXPECT_EQ(violated_constraint(missing), "");
}

TEST_F(ErrorsTest, AValueOutOfRangeIsAnInvalidArgument) {
  EXPECT_EQ(run("SELECT 99999999999::bigint::int").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(run("SELECT 'x'::bigint").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ErrorsTest, ALockTimeoutIsAborted) {
  database_.psql().run("BEGIN; LOCK TABLE items");
  EXPECT_EQ(run("LOCK TABLE items NOWAIT").code(), absl::StatusCode::kAborted);
  database_.psql().run("ROLLBACK");
}

TEST_F(ErrorsTest, AMistakeIsInternalAndSaysNothingOfTheStatement) {
  const absl::Status status = run("SELECT secret_column FROM items");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "database error 42703");
}

TEST_F(ErrorsTest, ReadOnlyMeansAnotherServerIsNeeded) {
  const absl::Status status = run("SELECT set_config('transaction_read_only', 'on', true), 1/0");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << "22012";
  database_.psql().run(
      "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || "
      "' SET default_transaction_read_only = on'; END $$");
  Pool demoted(database_.options());
  EXPECT_EQ(loop_.run(statement(demoted, "INSERT INTO items (id) VALUES (9)")).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(demoted.stats().connects, 2u) << "tried again on a new connection";
}

TEST_F(ErrorsTest, AConnectionLostInCommitIsUnknown) {
  // A deferred trigger runs inside COMMIT; this one terminates its own backend there.
  database_.psql().run(
      "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER leaving AFTER INSERT ON parents DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION leave()");
  const absl::Status status = run("INSERT INTO parents VALUES (1)");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown) << status;
  EXPECT_TRUE(is_in_doubt(status));
  EXPECT_TRUE(run("SELECT 1").ok());
}

}  // namespace
}  // namespace weir::postgres
