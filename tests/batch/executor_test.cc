// SPDX-License-Identifier: Apache-2.0
// What the executor tells the cache.
#include "server/batch/executor.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "server/batch/batch_repository.h"
#include "tests/users/user_stack.h"

namespace weir::batch {
namespace {

using postgres::testing::eventually;
using postgres::testing::Psql;

class ExecutorTest : public ::testing::Test {
 protected:
  void submit(const v1::BatchItem& item) {
    const std::int64_t id = stack_.run(batches_.begin_upload()).value();
    auto piece = std::make_shared<Piece>(id, 0);
    const std::string bytes = item.SerializeAsString();
    piece->add("0", &bytes, nullptr);
    ASSERT_TRUE(stack_.run(batches_.add(piece)).ok());
    ASSERT_TRUE(stack_.run(batches_.complete(id, "", 1)).ok());
  }

  users::testing::UserDatabase database_;
  users::testing::UserStack stack_{database_};
  BatchRepository batches_{stack_.pool(), 10};
  ChunkRepository chunks_{stack_.pool(), std::chrono::seconds(60)};
  Upkeep upkeep_{stack_.pool(), std::chrono::hours(1)};
  Bell bell_;
  Executor executor_{chunks_, upkeep_, stack_.cache(), bell_, ExecutorOptions()};
};

// The connection is lost in COMMIT, and the commit took place: another one, which waits for the
// chunk's row, does what that would have done, before anybody can look.
TEST_F(ExecutorTest, WhatMayHaveBeenCommittedIsReadAgain) {
  const std::int64_t id = stack_.create("Ada", "ada@example.com").value().id();
  v1::BatchItem item;
  item.mutable_update()->mutable_user()->set_id(id);
  item.mutable_update()->mutable_user()->set_name("Countess");
  item.mutable_update()->mutable_update_mask()->add_paths("name");
  submit(item);
  Psql& psql = database_.psql();
  psql.run(
      "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS "
      "'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW WHEN (NEW.name = 'Countess') EXECUTE FUNCTION wait();"
      "SELECT pg_advisory_lock(1)");

  std::thread outside([&] {
    const auto one_waits = [&](const std::string& which) {
      const std::string count =
          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
          "current_database() AND wait_event ";
      EXPECT_TRUE(eventually([&] { return psql.value(count + which) == "1"; })) << which;
    };
    one_waits("= 'advisory'");
    std::thread commits([&] {
      Psql other(database_.options().url);
      other.run(
          "UPDATE batch_chunks SET done = true;"
          "UPDATE users SET name = 'committed', version = version + 1");
    });
    one_waits("<> 'advisory'");
    psql.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory' AND "
        "datname = current_database()");
    commits.join();
    executor_.stop();
  });
  EXPECT_TRUE(stack_.run(executor_.run()).ok());
  outside.join();
  EXPECT_EQ(stack_.get(id).value().name(), "committed");
}

}  // namespace
}  // namespace weir::batch
