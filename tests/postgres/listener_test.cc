// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/listener.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "tests/postgres/database.h"
#include "tests/postgres/private_server.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;
using testing::Database;
using testing::eventually;
using testing::PrivateServer;
using Clock = std::chrono::steady_clock;

constexpr Statement kOne{"one", "SELECT 1"};
constexpr Statement kLong{"long", "SELECT 1 FROM pg_sleep(60)"};
constexpr Statement kWrong{"wrong", "SELECT 1 / 0"};

Listener::Spec only_when_told() { return {"a_channel", std::chrono::hours(1), milliseconds(1)}; }

// What the looks were for.
struct Looks {
  std::atomic<int> all = 0, connected = 0, rung = 0, notified = 0;
  Duration operator()(Transaction& db, const Listener::Why& why) {
    db.run(kOne);
    ++all;
    if (why.connected) ++connected;
    if (why.rung) ++rung;
    if (why.notified) ++notified;
    return Listener::kNoHurry;
  }
};

class ListenerTest : public ::testing::Test {
 protected:
  Database database_;
  Looks looks_;
  Listener::Look look() {
    return [this](auto& db, const auto& why) { return looks_(db, why); };
  }
};

TEST_F(ListenerTest, LooksWhenConnectedNotifiedAndRung) {
  Listener listener(database_.options(), only_when_told(), look());
  ASSERT_TRUE(eventually([&] { return looks_.connected == 1; }));
  database_.psql().run("NOTIFY a_channel");
  ASSERT_TRUE(eventually([&] { return looks_.notified == 1; }));
  listener.ring();
  ASSERT_TRUE(eventually([&] { return looks_.rung == 1; }));
  database_.psql().run("NOTIFY another_channel");
  EXPECT_EQ(looks_.all, 3);
}

TEST_F(ListenerTest, PollsInAnyCase) {
  Listener listener(database_.options(), {"a_channel", milliseconds(5), milliseconds(1)}, look());
  ASSERT_TRUE(eventually([&] { return looks_.all >= 5; }));
  EXPECT_EQ(looks_.connected, 1);
}

TEST_F(ListenerTest, ALookThatWantsTheNextAtOnceWaitsForThePauseAsWell) {
  const auto hurried = [this](Transaction& db, const Listener::Why& why) {
    (void)looks_(db, why);
    return Duration::zero();
  };
  const auto began = Clock::now();
  Listener listener(database_.options(), {"a_channel", std::chrono::hours(1), milliseconds(100)},
                    hurried);
  ASSERT_TRUE(eventually([&] { return looks_.all >= 3; }));
  EXPECT_LE(looks_.all, 1 + (Clock::now() - began) / milliseconds(100));
}

TEST_F(ListenerTest, ManyNotificationsAreFewLooks) {
  Listener listener(database_.options(), {"a_channel", std::chrono::hours(1), milliseconds(200)},
                    look());
  ASSERT_TRUE(eventually([&] { return looks_.connected == 1; }));
  const auto began = Clock::now();
  for (int i = 0; i < 100; ++i) {
    database_.psql().run("NOTIFY a_channel");
    listener.ring();
  }
  ASSERT_TRUE(eventually([&] { return looks_.rung + looks_.notified >= 1; }));
  EXPECT_LE(looks_.all, 2 + (Clock::now() - began) / milliseconds(200));
}

TEST_F(ListenerTest, ConnectsAgainAndLooks) {
  Listener listener(database_.options(), only_when_told(), look());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(eventually([&] { return looks_.connected == i; }));
    ASSERT_TRUE(eventually([&] {
      return database_.psql().value(
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                 "datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'") ==
             "1";
    }));
  }
  ASSERT_TRUE(eventually([&] { return looks_.connected == 4; }));
  database_.psql().run("NOTIFY a_channel");
  ASSERT_TRUE(eventually([&] { return looks_.notified == 1; }));
}

TEST_F(ListenerTest, ALookThatFailsIsTriedAgainAndForgetsNoReason) {
  std::atomic<int> tries = 0;
  std::atomic<bool> rung = false;
  const auto failing = [&](Transaction& db, const Listener::Why& why) {
    if (++tries < 3) db.run(kWrong);
    if (why.rung) rung = true;
    return Listener::kNoHurry;
  };
  Listener listener(database_.options(), {"a_channel", milliseconds(10), milliseconds(1)}, failing);
  listener.ring();
  ASSERT_TRUE(eventually([&] { return rung.load(); }));
  EXPECT_GE(tries, 3);
}

TEST_F(ListenerTest, EndsInTheMiddleOfALongStatement) {
  std::atomic<bool> began = false;
  auto listener = std::make_unique<Listener>(database_.options(), only_when_told(),
                                             [&](Transaction& db, const Listener::Why&) {
                                               began = true;
                                               db.run(kLong);
                                               return Listener::kNoHurry;
                                             });
  ASSERT_TRUE(eventually([&] { return began.load(); }));
  const auto ending = Clock::now();
  listener.reset();
  EXPECT_LT(Clock::now() - ending, std::chrono::seconds(3));
}

TEST(ListenerOutage, SurvivesAServerThatStopsAndOneThatFreezes) {
  PrivateServer server;
  Database database(server.url());
  Looks looks;
  Options options = database.options();
  options.statement_timeout = milliseconds(200);
  auto listener =
      std::make_unique<Listener>(options, Listener::Spec{"a_channel", milliseconds(20)},
                                 [&](auto& db, const auto& why) { return looks(db, why); });
  ASSERT_TRUE(eventually([&] { return looks.all >= 3; }));
  server.stop();
  server.start();
  ASSERT_TRUE(eventually([&] { return looks.connected >= 2; }));
  server.freeze();
  const auto ending = Clock::now();
  listener.reset();
  EXPECT_LT(Clock::now() - ending, std::chrono::seconds(3));
  server.thaw();
}

}  // namespace
}  // namespace weir::postgres
