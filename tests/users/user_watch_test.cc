// SPDX-License-Identifier: Apache-2.0
// WatchUsers on a real Postgres: the order of events, whatever the order of the commits, and what a
// watch survives.
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/error_details.h"
#include "tests/users/watch_stack.h"

namespace weir::users {
namespace {

using postgres::testing::eventually;
using postgres::testing::Psql;
using testing::Collector;
using ::testing::ElementsAre;
using testing::quick_feed;
using testing::UserDatabase;
using testing::WatchStack;
using weir::testing::bad_fields;
using weir::testing::reason_of;

std::string insert(const std::string& name) {
  return absl::StrCat("INSERT INTO users (name, email) VALUES ('", name, "', '", name,
                      "@example')");
}
std::string rename(const std::string& name, const std::string& to) {
  return absl::StrCat("UPDATE users SET name = '", to, "', version = version + 1 WHERE name = '",
                      name, "'");
}

class UserWatchTest : public ::testing::Test {
 protected:
  Psql& psql() { return database_.psql(); }
  Psql another() { return Psql(database_.options().url); }

  // Waits until the feeds have looked at the table as it is now, found what there is, and rest.
  void feeds_look(int feeds = 1) {
    const std::string now = psql().value("SELECT clock_timestamp()");
    const std::string sql = absl::StrCat(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "query LIKE '%FROM settled_user_events%' AND state = 'idle' AND query_start > '",
        now, "'");
    ASSERT_TRUE(eventually([&] { return psql().value(sql) == absl::StrCat(feeds); }));
  }
  void expect_enough(const absl::Status& status) { EXPECT_TRUE(absl::IsAborted(status)) << status; }

  UserDatabase database_;
};

TEST_F(UserWatchTest, SeesWhatHappensFromNowOnInOrder) {
  psql().run(insert("before"));
  WatchStack stack(database_);
  Collector collector(4, [&] {
    psql().run(insert("ada"));
    psql().run(rename("ada", "countess"));
    psql().run("UPDATE users SET password_hash = 'new'");  // no change of the user
    psql().run("DELETE FROM users WHERE name = 'countess'");
    psql().run(insert("grace"));
  });
  expect_enough(stack.watch(collector));
  EXPECT_THAT(collector.summary(),
              ElementsAre("CREATED ada", "UPDATED countess", "DELETED countess", "CREATED grace"));
  EXPECT_EQ(collector.events()[1].user().email(), "ada@example");
  EXPECT_NE(collector.events()[0].user().etag(), collector.events()[1].user().etag());
  EXPECT_GT(collector.events()[1].user().create_time().seconds(), 0);
}

TEST_F(UserWatchTest, ATransactionThatCommitsLaterIsNotPassedOver) {
  WatchStack stack(database_);
  Psql first = another();
  Collector collector(3, [&] {
    first.run("BEGIN");
    first.run(insert("first"));
    psql().run(insert("second"));  // begun later, committed first
    psql().run(insert("third"));
    const std::int64_t head = stack.feed().head().get();
    feeds_look();
    EXPECT_EQ(stack.feed().head().get(), head);  // held back
    first.run("COMMIT");
  });
  expect_enough(stack.watch(collector));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED first", "CREATED second", "CREATED third"));
}

TEST_F(UserWatchTest, ATransactionThatRollsBackHoldsNothingBack) {
  FeedOptions options = quick_feed();
  options.poll = std::chrono::hours(1);  // nobody rings for a rollback
  WatchStack stack(database_, options);
  Psql first = another();
  Collector collector(1, [&] {
    first.run("BEGIN");
    first.run(insert("first"));
    psql().run(insert("second"));
    stack.feed().ring();
    feeds_look();
    first.run("ROLLBACK");
  });
  expect_enough(stack.watch(collector));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED second"));
}

// Where the order of transaction ids is not the order of the changes of a user: the scheme that
// reads (xid, seq) up to the oldest transaction in progress shows "ada 3" before "ada 2" here.
TEST_F(UserWatchTest, AUsersEventsComeInOrderWhateverBeganFirst) {
  psql().run(insert("ada"));
  WatchStack stack(database_);
  Psql early = another();
  Psql bystander = another();
  Collector collector(3, [&] {
    early.run("BEGIN");
    early.run(insert("other"));  // now it has an id
    bystander.run("BEGIN");      // no event of a user, and open until the end
    bystander.run("INSERT INTO idempotency_keys VALUES ('m', 'r', '', '')");
    psql().run("UPDATE users SET name = 'ada 2', version = 2 WHERE name = 'ada'");
    feeds_look();
    early.run("UPDATE users SET name = 'ada 3', version = 3 WHERE name = 'ada 2'");
    early.run("COMMIT");
  });
  expect_enough(stack.watch(collector));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED other", "UPDATED ada 2", "UPDATED ada 3"));
  bystander.run("ROLLBACK");
}

TEST_F(UserWatchTest, ManyWritersWithTransactionsOfAnyLengthLoseNothing) {
  static constexpr int kWriters = 6;
  static constexpr int kChanges = 60;
  for (int i = 0; i < kWriters; ++i) psql().run(insert(absl::StrCat("user", i)));
  WatchStack stack(database_);
  std::vector<std::thread> writers;
  Collector collector(kWriters * kChanges, [&] {
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([this, writer] {
        Psql mine = another();
        for (int i = 0; i < kChanges; ++i) {
          // Each changes everybody's users, and some hold their transaction open.
          const int user = (writer + i) % kWriters;
          mine.run("BEGIN");
          if (i % 7 == 0) mine.run("SELECT pg_current_xact_id()");
          mine.run(absl::StrCat("UPDATE users SET version = version + 1 WHERE email = 'user", user,
                                "@example'"));
          if (i % 5 == 0) mine.run("SELECT pg_sleep(0.003)");
          mine.run(i % 11 == 3 ? "ROLLBACK" : "COMMIT");
          if (i % 11 == 3) {
            mine.run(absl::StrCat("UPDATE users SET version = version + 1 WHERE email = 'user",
                                  user, "@example'"));
          }
        }
      });
    }
  });
  expect_enough(stack.watch(collector));
  for (std::thread& writer : writers) writer.join();
  // Each user's versions, one after the other: etags name them.
  std::map<std::int64_t, std::vector<std::string>> etags;
  for (const v1::UserEvent& event : collector.events()) {
    etags[event.user().id()].push_back(event.user().etag());
  }
  EXPECT_EQ(etags.size(), kWriters);
  for (const auto& [id, of_user] : etags) {
    for (std::size_t i = 0; i < of_user.size(); ++i) {
      EXPECT_EQ(of_user[i], absl::StrCat("\"", i + 2, "\"")) << "user " << id;
    }
  }
}

// The work grows with the rows, not with their square: that would be minutes for so many.
TEST_F(UserWatchTest, AnUpdateOfManyUsersAtOnceIsAsQuickAsManyUpdates) {
  psql().run(
      "INSERT INTO users (name, email) SELECT n, n FROM generate_series(1, 60000) AS n; "
      "ANALYZE users; SET statement_timeout = '20s'");
  EXPECT_NO_THROW(psql().run("UPDATE users SET password_hash = 'new'"));
  EXPECT_NO_THROW(psql().run("UPDATE users SET version = version + 1"));
  EXPECT_EQ(psql().value("SELECT count(*) FROM user_events WHERE type = 2"), "60000");
}

TEST_F(UserWatchTest, ALostConnectionLosesNothing) {
  FeedOptions options = quick_feed();
  options.poll = std::chrono::hours(1);
  WatchStack stack(database_, options);
  Collector collector(3, [&] {
    const std::int64_t head = stack.feed().head().get();
    stack.feed().ring();
    psql().run(insert("one"));
    stack.feed().ring();
    ASSERT_TRUE(eventually([&] { return stack.feed().head().get() > head; }));
    psql().run(insert("two"));  // nobody notifies
    psql().run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        "current_database() AND query LIKE '%user_events%' AND pid <> pg_backend_pid()");
    psql().run(insert("three"));
  });
  expect_enough(stack.watch(collector));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED one", "CREATED two", "CREATED three"));
}

TEST_F(UserWatchTest, AnotherReplicaIsNotified) {
  FeedOptions options = quick_feed();
  options.poll = std::chrono::hours(1);
  WatchStack here(database_, options);
  WatchStack there(database_, options);
  Collector collector(1, [&] { there.change("ada"); });
  expect_enough(here.watch(collector));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED ada"));
}

TEST_F(UserWatchTest, ATokenContinuesAfterItsEventOnAnyReplica) {
  WatchStack here(database_);
  WatchStack there(database_);
  Collector before(2, [&] {
    psql().run(insert("one"));
    psql().run(insert("two"));
    psql().run(insert("three"));
  });
  expect_enough(here.watch(before));
  Collector after(2, [&] { psql().run(insert("four")); });
  expect_enough(there.watch(after, before.token()));
  EXPECT_THAT(after.summary(), ElementsAre("CREATED three", "CREATED four"));
}

TEST_F(UserWatchTest, ATokenContinuesWhereTheFeedHasNotBegun) {
  std::string token;
  {
    WatchStack before(database_);
    token = before.token_of_now();
  }
  psql().run(insert("missed"));
  WatchStack just_started(database_);
  Collector collector(1);
  expect_enough(just_started.watch(collector, token));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED missed"));
}

TEST_F(UserWatchTest, ManyMissedEventsComeInPages) {
  WatchStack stack(database_);
  const std::string token = stack.token_of_now();
  psql().run(
      "INSERT INTO users (name, email) SELECT 'user' || i, i || '@example' FROM "
      "generate_series(1, 1700) i");
  Collector collector(1701, [&] { psql().run(insert("last")); });
  expect_enough(stack.watch(collector, token));
  std::set<std::int64_t> ids;
  for (const v1::UserEvent& event : collector.events()) ids.insert(event.user().id());
  EXPECT_EQ(ids.size(), 1701);
  EXPECT_EQ(collector.events().back().user().name(), "last");
}

TEST_F(UserWatchTest, ASubscriptionFollowsOnItsHead) {
  WatchStack stack(database_);
  std::atomic<bool> has_enough = false;
  std::thread writer([&] {
    Psql db = another();
    for (int i = 0; !has_enough; ++i) {
      db.run(insert(absl::StrCat("user", i)));
      stack.feed().ring();
    }
  });
  ASSERT_TRUE(eventually([&] { return stack.feed().head().get() > 0; }));
  // The last one before the head moves on is the one that is at risk.
  UserFeed::Subscription last = stack.feed().subscribe();
  for (int round = 0; round < 100; ++round) {
    UserFeed::Subscription next = stack.feed().subscribe();
    for (; next.head == last.head; next = stack.feed().subscribe()) last = std::move(next);
    const absl::StatusOr<UserFeed::Batch> first = last.batches.try_recv();
    EXPECT_EQ(first.ok() ? (*first)->after : -1, last.head) << "in round " << round;
    last = std::move(next);
  }
  has_enough = true;
  writer.join();
}

TEST_F(UserWatchTest, InBatchesTheFirstMessageSaysWhereItBegan) {
  WatchStack stack(database_);
  Collector collector(3, [&] {
    psql().run(
        "INSERT INTO users (name, email) SELECT 'u' || i, i || '@example' FROM "
        "generate_series(1, 3) i");
  });
  expect_enough(stack.watch(collector, "", true));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED u1", "CREATED u2", "CREATED u3"));
  EXPECT_EQ(collector.messages(), 2);
  // From inside the batch.
  Collector rest(2);
  expect_enough(stack.watch(rest, collector.events()[0].resume_token(), true));
  EXPECT_THAT(rest.summary(), ElementsAre("CREATED u2", "CREATED u3"));
}

TEST_F(UserWatchTest, InBatchesASlowReaderGetsFewerMessages) {
  WatchStack stack(database_);
  Collector collector(6, [&] { psql().run(insert("first")); });
  bool was_slow = false;
  collector.on_event([&] {
    if (std::exchange(was_slow, true)) return;
    for (int i = 0; i < 5; ++i) {
      const std::int64_t head = stack.feed().head().get();
      psql().run(insert(absl::StrCat("more", i)));
      ASSERT_TRUE(eventually([&] { return stack.feed().head().get() > head; }));
    }
  });
  expect_enough(stack.watch(collector, "", true));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED first", "CREATED more0", "CREATED more1",
                                               "CREATED more2", "CREATED more3", "CREATED more4"));
  EXPECT_EQ(collector.messages(), 3);  // where it began, the first, and the five
  EXPECT_EQ(collector.events().back().resume_token(), collector.token());
}

TEST_F(UserWatchTest, InBatchesNoMessageIsLargerThanClientsTake) {
  constexpr int kMany = 12'000;
  WatchStack stack(database_);
  Collector collector(1 + kMany, [&] { psql().run(insert("first")); });
  bool was_slow = false;
  collector.on_event([&] {
    if (std::exchange(was_slow, true)) return;
    const std::int64_t head = stack.feed().head().get();
    psql().run(absl::StrCat(
        "INSERT INTO users (name, email) SELECT repeat('😀', 200), i || '@example.com' FROM "
        "generate_series(1, ",
        kMany, ") i"));
    ASSERT_TRUE(eventually([&] { return stack.feed().head().get() >= head + kMany; }));
  });
  expect_enough(stack.watch(collector, "", true));
  EXPECT_EQ(collector.events().size(), 1u + kMany);
  EXPECT_LT(collector.largest(), std::size_t{4} << 20);
}

TEST_F(UserWatchTest, AForgedTokenIsRefused) {
  WatchStack stack(database_);
  std::string token = stack.token_of_now();
  token[3] = token[3] == 'A' ? 'B' : 'A';
  for (const std::string& forged : {token, std::string("x"), std::string(32, 'A')}) {
    Collector collector(1);
    EXPECT_THAT(bad_fields(stack.watch(collector, forged)), ElementsAre("resume_token"));
  }
}

TEST_F(UserWatchTest, ATokenOlderThanWhatIsKeptIsOutOfRange) {
  FeedOptions options = quick_feed();
  options.keep = std::chrono::milliseconds(1);
  std::string token;
  {
    WatchStack keeping(database_);
    token = keeping.token_of_now();
    psql().run(insert("ada"));
  }
  WatchStack stack(database_, options);
  ASSERT_TRUE(eventually([&] { return psql().value("SELECT count(*) FROM user_events") == "0"; }));
  Collector late(1);
  const absl::Status status = stack.watch(late, token);
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_EQ(reason_of(status), "RESUME_TOKEN_EXPIRED");
  // A token from after that is good.
  Collector collector(1, [&] { psql().run(insert("grace")); });
  expect_enough(stack.watch(collector, stack.token_of_now()));
  EXPECT_THAT(collector.summary(), ElementsAre("CREATED grace"));
}

// Posts are nothing that a watch of users sends: it does not miss them.
TEST_F(UserWatchTest, ATokenIsGoodAsLongAsNoEventOfAUserIsGone) {
  FeedOptions options = quick_feed();
  options.keep = std::chrono::milliseconds(1);
  psql().run(insert("ada"));
  const std::string token = WatchStack(database_).token_of_now();
  WatchStack stack(database_, options);
  psql().run("INSERT INTO posts (user_id, title, body) SELECT id, '', '' FROM users");
  ASSERT_TRUE(eventually([&] { return psql().value("SELECT count(*) FROM user_events") == "0"; }));
  Collector late(1, [&] { psql().run(insert("grace")); });
  expect_enough(stack.watch(late, token));
  EXPECT_THAT(late.summary(), ElementsAre("CREATED grace"));
}

TEST_F(UserWatchTest, WhatIsYoungIsKept) {
  FeedOptions options = quick_feed();
  options.keep = std::chrono::hours(1);
  psql().run(insert("old"));
  psql().run("UPDATE user_events SET event_time = now() - interval '2 hours'");
  psql().run(insert("young"));
  WatchStack stack(database_, options);
  ASSERT_TRUE(
      eventually([&] { return psql().value("SELECT upto FROM user_events_removed") == "1"; }));
  EXPECT_EQ(psql().value("SELECT string_agg(name, ' ') FROM user_events"), "young");
}

TEST_F(UserWatchTest, ASlowReaderIsToldAndCanGoOn) {
  FeedOptions options = quick_feed();
  options.buffer = 2;
  options.poll = std::chrono::hours(1);  // so all of it comes by the feed, and not from the table
  WatchStack stack(database_, options);
  Collector slow(100, [&] { psql().run(insert("first")); });
  bool was_slow = false;
  slow.on_event([&] {
    if (std::exchange(was_slow, true)) return;
    for (int i = 0; i < 5; ++i) {
      const std::int64_t head = stack.feed().head().get();
      psql().run(insert(absl::StrCat("more", i)));
      stack.feed().ring();
      ASSERT_TRUE(eventually([&] { return stack.feed().head().get() > head; }));
    }
  });
  const absl::Status status = stack.watch(slow);
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_EQ(reason_of(status), "WATCH_TOO_SLOW");
  EXPECT_TRUE(status::detail_of<google::rpc::RetryInfo>(status).has_value());
  EXPECT_THAT(slow.summary(), ElementsAre("CREATED first"));

  Collector again(5);
  expect_enough(stack.watch(again, slow.token()));
  EXPECT_THAT(again.summary(), ElementsAre("CREATED more0", "CREATED more1", "CREATED more2",
                                           "CREATED more3", "CREATED more4"));
}

TEST_F(UserWatchTest, TheDrainEndsIt) {
  WatchStack stack(database_);
  Collector collector(1, [&] { stack.draining().cancel(); });
  const absl::Status status = stack.watch(collector);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(reason_of(status), "DRAINING");
  EXPECT_TRUE(status::detail_of<google::rpc::RetryInfo>(status).has_value());
}

}  // namespace
}  // namespace weir::users
