// SPDX-License-Identifier: Apache-2.0
// What the cache of users keeps, and what it must not.

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "server/users/user_codec.h"
#include "tests/users/user_stack.h"

namespace weir::users {
namespace {

using testing::StackOptions;
using testing::UserDatabase;
using testing::UserStack;

class Cached : public ::testing::Test {
 protected:
  // Behind the back of every replica.
  void rename_in_postgres(const std::string& name) {
    database_.psql().run(absl::StrCat("UPDATE users SET name = '", name, "'"));
  }

  UserDatabase database_;
  UserStack stack_{database_};
};

TEST_F(Cached, AnswersComeFromRedis) {
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  rename_in_postgres("nobody asks Postgres");
  EXPECT_EQ(stack_.get(id).value().name(), "Ada");
  UserStack replica(database_);
  EXPECT_EQ(replica.get(id).value().name(), "Ada");
  EXPECT_EQ(replica.cache_stats().hits, 1u);
}

TEST_F(Cached, AMissFillsTheCacheForAllReplicas) {
  database_.psql().run("INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com')");
  const std::int64_t id = database_.first_id();
  {
    UserStack replica(database_);
    EXPECT_EQ(replica.get(id).value().name(), "Ada");
  }
  rename_in_postgres("nobody asks Postgres");
  EXPECT_EQ(stack_.get(id).value().name(), "Ada");
}

TEST_F(Cached, AnUpdateIsSeenByAllReplicasAtOnce) {
  UserStack replica(database_);
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  for (int i = 0; i < 20; ++i) {
    UserStack& writer = i % 2 == 0 ? stack_ : replica;
    UserStack& reader = i % 2 == 0 ? replica : stack_;
    const std::string name = absl::StrCat("name ", i);
    const std::string etag = writer.rename(id, name).value().etag();
    EXPECT_EQ(reader.get(id).value().name(), name);
    EXPECT_EQ(reader.get(id).value().etag(), etag);
  }
}

TEST_F(Cached, ADeletedUserIsGoneForAllReplicasAtOnce) {
  UserStack replica(database_);
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  EXPECT_TRUE(replica.get(id).ok());
  EXPECT_TRUE(stack_.remove(id).ok());
  EXPECT_TRUE(absl::IsNotFound(replica.get(id).status()));
  EXPECT_TRUE(absl::IsNotFound(stack_.get(id).status()));
}

TEST_F(Cached, ThatAUserDoesNotExistIsKnownUntilItDoes) {
  const std::int64_t id = database_.first_id();
  UserStack replica(database_);
  EXPECT_TRUE(absl::IsNotFound(stack_.get(id).status()));
  EXPECT_TRUE(absl::IsNotFound(replica.get(id).status()));
  ASSERT_EQ(stack_.create("Ada", "ada@example.com").value().id(), id);
  EXPECT_EQ(replica.get(id).value().name(), "Ada");
}

TEST_F(Cached, AnOlderVersionNeverReplacesANewer) {
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  const User old = stack_.run(stack_.repository().find(id)).value().value();
  ASSERT_TRUE(stack_.rename(id, "Countess").ok());
  stack_.run(stack_.cache().put(old));
  EXPECT_EQ(stack_.get(id).value().name(), "Countess");
}

TEST_F(Cached, WhatIsInDoubtIsReadAgain) {
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  database_.psql().run("UPDATE users SET name = 'committed after all', version = version + 1");
  stack_.run(stack_.cache().doubt(id, 1));
  EXPECT_EQ(stack_.get(id).value().name(), "committed after all");
}

// A trigger that runs at COMMIT waits for a lock of ours, and there the connection is cut.
TEST_F(Cached, AnUpdateThatWasCutInItsCommitIsAnErrorToRetryAndIsReadAgain) {
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  auto& psql = database_.psql();
  psql.run(
      "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'");
  psql.run(
      "CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION wait()");
  psql.run("SELECT pg_advisory_lock(1)");
  std::thread killer([&psql] {
    const std::string waiting =
        " FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()";
    EXPECT_TRUE(postgres::testing::eventually(
        [&] { return psql.value("SELECT count(*)" + waiting) == "1"; }));
    psql.run("SELECT pg_terminate_backend(pid)" + waiting);
  });
  const absl::Status status = stack_.rename(id, "Countess").status();
  killer.join();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  psql.run("DROP TRIGGER wait ON users");
  rename_in_postgres("read again");
  EXPECT_EQ(stack_.get(id).value().name(), "read again");
}

TEST_F(Cached, WhatSomebodyElseWroteUnderAKeyIsNotBelieved) {
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  User other = stack_.run(stack_.repository().find(id)).value().value();
  other.id = id + 1;
  other.version = 2;
  redis::Client client(StackOptions().redis);
  redis::Cache cache{redis::VersionedStore(client), redis::CacheOptions()};
  stack_.run(
      cache.put(absl::StrCat("weir:user:", kFormat, ":", id), redis::Versioned(2, encode(other))));
  EXPECT_EQ(stack_.get(id).value().id(), id);
  stack_.run(cache.put(absl::StrCat("weir:user:", kFormat, ":", id), redis::Versioned(3, "junk")));
  EXPECT_EQ(stack_.get(id).value().name(), "Ada");
  stack_.run(cache.close());
}

TEST_F(Cached, WithoutRedisEverythingWorks) {
  StackOptions options;
  options.redis.address.port = 1;  // nobody listens there
  UserStack stack(database_, options);
  const v1::User ada = stack.create("Ada", "ada@example.com", "correct horse").value();
  EXPECT_EQ(stack.get(ada.id()).value().name(), "Ada");
  EXPECT_EQ(stack.rename(ada.id(), "Countess").value().name(), "Countess");
  EXPECT_EQ(stack.get(ada.id()).value().name(), "Countess");
  EXPECT_EQ(stack.verify("ada@example.com", "correct horse").value().id(), ada.id());
  EXPECT_TRUE(stack.remove(ada.id()).ok());
  EXPECT_TRUE(absl::IsNotFound(stack.get(ada.id()).status()));
}

TEST_F(Cached, TheCacheCanBeOff) {
  StackOptions options;
  options.with_cache = false;
  UserStack stack(database_, options);
  const std::int64_t id = stack.create("Ada", "ada@example.com").value().id();
  rename_in_postgres("asked every time");
  EXPECT_EQ(stack.get(id).value().name(), "asked every time");
}

}  // namespace
}  // namespace weir::users
