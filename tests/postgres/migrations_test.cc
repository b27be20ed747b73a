// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/migrations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

constexpr EmbeddedMigration kOne{1, "one",
                                 "CREATE TABLE one (id int); CREATE TABLE also (id int);"};
constexpr EmbeddedMigration kTwo{2, "two", "ALTER TABLE one ADD name text"};
constexpr EmbeddedMigration kChangedOne{1, "one", "CREATE TABLE one (id bigint)"};
constexpr EmbeddedMigration kBroken{2, "two", "CREATE TABLE half (id int); SELECT 1/0"};

class MigrationsTest : public ::testing::Test {
 protected:
  absl::StatusOr<int> migrate_to(std::vector<EmbeddedMigration> migrations) {
    return migrate(database_.options(), migrations);
  }
  absl::StatusCode required(std::vector<EmbeddedMigration> migrations) {
    return require_migrated(database_.options(), migrations).code();
  }
  std::string tables() {
    return database_.psql().value(
        "SELECT string_agg(tablename, ' ' ORDER BY tablename) "
        "FROM pg_tables WHERE schemaname = 'public'");
  }
  testing::Database database_;
};

TEST_F(MigrationsTest, EachIsAppliedOnce) {
  EXPECT_EQ(migrate_to({kOne}).value(), 1);
  EXPECT_EQ(migrate_to({kOne}).value(), 0);
  EXPECT_EQ(migrate_to({kOne, kTwo}).value(), 1);
  EXPECT_EQ(tables(), "also one schema_migrations");
}

TEST_F(MigrationsTest, OneThatWasChangedAfterwardsIsRefused) {
  ASSERT_TRUE(migrate_to({kOne}).ok());
  EXPECT_EQ(migrate_to({kChangedOne, kTwo}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(database_.psql().value("SELECT count(*) FROM schema_migrations"), "1");
}

TEST_F(MigrationsTest, ASchemaNewerThanTheProgramIsRefused) {
  ASSERT_TRUE(migrate_to({kOne, kTwo}).ok());
  EXPECT_EQ(migrate_to({kOne}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MigrationsTest, AProgramThatDoesNotMigrateWaitsForAllItsMigrations) {
  EXPECT_EQ(required({kOne}), absl::StatusCode::kUnavailable);
  EXPECT_EQ(tables(), "");
  ASSERT_TRUE(migrate_to({kOne}).ok());
  EXPECT_EQ(required({kOne}), absl::StatusCode::kOk);
  EXPECT_EQ(required({kOne, kTwo}), absl::StatusCode::kUnavailable);
  EXPECT_EQ(required({kChangedOne}), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MigrationsTest, AProgramThatDoesNotMigrateWorksOnASchemaOfItsFuture) {
  ASSERT_TRUE(migrate_to({kOne, kTwo}).ok());
  EXPECT_EQ(required({kOne}), absl::StatusCode::kOk);
}

TEST_F(MigrationsTest, OneThatCameTooLateIsRefused) {
  constexpr EmbeddedMigration kSecond{2, "two", "SELECT 1"};
  ASSERT_TRUE(migrate_to({kSecond}).ok());
  EXPECT_EQ(migrate_to({kOne, kSecond}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MigrationsTest, OneThatFailsLeavesNothingBehind) {
  ASSERT_TRUE(migrate_to({kOne}).ok());
  EXPECT_FALSE(migrate_to({kOne, kBroken}).ok());
  EXPECT_EQ(tables(), "also one schema_migrations");
  EXPECT_EQ(migrate_to({kOne, kTwo}).value(), 1);
}

TEST_F(MigrationsTest, ServersThatStartTogetherTakeTurns) {
  std::atomic<int> applied = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> servers;
  for (int i = 0; i < 6; ++i) {
    servers.emplace_back([&] {
      absl::StatusOr<int> count = absl::UnavailableError("");
      while (absl::IsUnavailable(count.status())) count = migrate_to({kOne, kTwo});
      if (count.ok()) {
        applied += *count;
      } else {
        ++failed;
      }
    });
  }
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(applied, 2);
}

TEST_F(MigrationsTest, TheOnesInThisBinaryApplyToAnEmptyDatabase) {
  const auto count = migrate(database_.options());
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, static_cast<int>(embedded_migrations().size()));
  EXPECT_EQ(migrate(database_.options()).value(), 0);
  database_.psql().run("INSERT INTO users (name, email) VALUES ('A', 'a@example.com')");
}

}  // namespace
}  // namespace weir::postgres
