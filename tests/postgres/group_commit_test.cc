// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/group_commit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/task.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/postgres/both.h"
#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;

constexpr Statement kAdd{"add", "INSERT INTO entries (name) VALUES ($1) RETURNING id"};
constexpr Statement kSleep{"sleep", "SELECT 1 FROM pg_sleep($1)"};

using Id = absl::StatusOr<std::int64_t>;
using Ids = std::vector<Id>;

// "refused" is an answer, "taken" throws, and "slow" takes a while.
Ids add(Transaction& transaction, absl::Span<const std::string> names) {
  Ids ids;
  for (const std::string& name : names) {
    if (name == "slow") transaction.run(kSleep, 0.5);
    if (name == "refused") {
      ids.emplace_back(absl::PermissionDeniedError("refused"));
    } else {
      ids.emplace_back(transaction.run(kAdd, name)[0].int64(0));
    }
  }
  return ids;
}

using Entries = GroupCommit<std::string, std::int64_t>;

Task<Id> write(Entries& entries, std::string name) {
  co_return co_await entries.write(std::move(name));
}

Task<Ids> write_all(Entries& entries, std::vector<std::string> names) {
  std::vector<Task<Id>> tasks;
  for (std::string& name : names) tasks.push_back(write(entries, std::move(name)));
  co_return co_await join_all(std::move(tasks));
}

std::vector<absl::StatusCode> codes(const Ids& ids) {
  std::vector<absl::StatusCode> codes;
  for (const Id& id : ids) codes.push_back(id.status().code());
  return codes;
}

class GroupCommitTest : public ::testing::Test {
 protected:
  GroupCommitTest() {
    database_.psql().run(
        "CREATE TABLE entries (id bigserial PRIMARY KEY, name text UNIQUE, transaction bigint "
        "DEFAULT txid_current());"
        "INSERT INTO entries (name, transaction) VALUES ('taken', 0)");
    Options options = database_.options();
    options.min_connections = options.max_connections = 2;
    pool_.emplace(options);
    EXPECT_TRUE(testing::eventually([&] { return pool_->stats().connected == 2; }));
  }
  std::string count(const std::string& what) {
    return database_.psql().value("SELECT count(" + what + ") FROM entries WHERE transaction > 0");
  }

  testing::Database database_;
  std::optional<Pool> pool_;
  ThreadLoop loop_;
};

TEST_F(GroupCommitTest, ALoneItemIsWrittenAtOnce) {
  Entries entries(*pool_, {add});
  const Id id = loop_.run(write(entries, "one"));
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(database_.psql().value("SELECT id FROM entries WHERE name = 'one'"),
            std::to_string(*id));
}

TEST_F(GroupCommitTest, ItemsOfOneTurnShareATransactionAndGetTheirOwnOutcomes) {
  Entries entries(*pool_, {add});
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("entry " + std::to_string(i));
  names[7] = "refused";
  const Ids ids = loop_.run(write_all(entries, names));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == 7) {
      EXPECT_TRUE(absl::IsPermissionDenied(ids[i].status())) << ids[i].status();
      continue;
    }
    ASSERT_TRUE(ids[i].ok()) << ids[i].status();
    EXPECT_EQ(
        database_.psql().value("SELECT name FROM entries WHERE id = " + std::to_string(*ids[i])),
        names[i]);
  }
  EXPECT_EQ(count("*"), "49");
  EXPECT_EQ(count("DISTINCT transaction"), "1");
}

TEST_F(GroupCommitTest, AnItemThatThrowsIsRefusedAlone) {
  Entries entries(*pool_, {add});
  const Ids ids = loop_.run(write_all(entries, {"a", "taken", "b", "refused", "b"}));
  using Code = absl::StatusCode;
  EXPECT_EQ(codes(ids), (std::vector<Code>{Code::kOk, Code::kAlreadyExists, Code::kOk,
                                           Code::kPermissionDenied, Code::kAlreadyExists}));
  EXPECT_EQ(count("*"), "2");
}

TEST_F(GroupCommitTest, AGroupIsBounded) {
  Entries entries(*pool_, {add, /*max_group=*/10, /*max_in_flight=*/1});
  std::vector<std::string> names;
  for (int i = 0; i < 95; ++i) names.push_back(std::to_string(i));
  for (const Id& id : loop_.run(write_all(entries, names))) EXPECT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(count("DISTINCT transaction"), "10");
}

TEST_F(GroupCommitTest, TooManyWaitingItemsAreUnavailable) {
  Entries entries(*pool_, {add, 1, 1, /*max_waiting=*/3});
  const Ids ids = loop_.run(write_all(entries, {"a", "b", "c", "d", "e"}));
  using Code = absl::StatusCode;
  EXPECT_EQ(codes(ids), (std::vector<Code>{Code::kOk, Code::kOk, Code::kOk, Code::kUnavailable,
                                           Code::kUnavailable}));
  EXPECT_EQ(count("*"), "3");
}

TEST_F(GroupCommitTest, AnErrorOfTheTransactionIsEverybodysAndNothingIsWritten) {
  database_.psql().run("ALTER TABLE entries RENAME TO gone");
  Entries entries(*pool_, {add});
  for (const Id& id : loop_.run(write_all(entries, {"a", "b"}))) {
    EXPECT_TRUE(absl::IsInternal(id.status())) << id.status();
  }
  database_.psql().run("ALTER TABLE gone RENAME TO entries");
  EXPECT_EQ(count("*"), "0");
}

TEST_F(GroupCommitTest, OneWhoIsCancelledLeavesAtOnceAndTheOthersAreWritten) {
  Entries entries(*pool_, {add});
  const auto impatient = [](Entries& e) -> Task<Id> {
    co_return co_await timeout(milliseconds(250), write(e, "impatient"));
  };
  const auto [left, stayed] = loop_.run(testing::both(impatient(entries), write(entries, "slow")));
  EXPECT_TRUE(absl::IsDeadlineExceeded(left.status())) << left.status();
  EXPECT_TRUE(stayed.ok()) << stayed.status();
  EXPECT_EQ(count("*"), "2") << "it travelled with the other";
}

TEST_F(GroupCommitTest, WhenAllHaveLeftTheTransactionIsCancelled) {
  Entries entries(*pool_, {add});
  const auto both = [](Entries& e) -> Task<absl::Status> {
    std::vector<std::string> names = {"slow", "other"};
    const Ids ids = co_await write_all(e, std::move(names));
    for (const Id& id : ids) EXPECT_TRUE(absl::IsDeadlineExceeded(id.status())) << id.status();
    co_return absl::OkStatus();
  };
  ASSERT_TRUE(loop_.run(timeout(milliseconds(50), both(entries))).ok());
  EXPECT_TRUE(loop_.run(write(entries, "next")).ok());
  EXPECT_TRUE(testing::eventually(
      [&] {
        return database_.psql().value(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "state = 'active' AND pid <> pg_backend_pid()") == "0";
      },
      milliseconds(300)));
  EXPECT_EQ(count("*"), "1");
}

}  // namespace
}  // namespace weir::postgres
