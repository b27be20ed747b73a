// SPDX-License-Identifier: Apache-2.0
// LaggingReads with a primary and a hot standby of this test's own: who answers, and that somebody
// does, while the standby lags, is stopped, frozen, or cancels what conflicts with what it replays.
#include "server/postgres/lagging_reads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/postgres/database.h"
#include "tests/postgres/private_server.h"

namespace weir::postgres {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using Answered = Standby::Answered;

struct Answer {
  std::int64_t n = 0;
  bool from_standby = false;
};

constexpr Statement kRead{"read", "SELECT n, pg_is_in_recovery() FROM items"};
// There it lasts.
constexpr Statement kReadSlowly{"read_slowly",
                                "SELECT n, pg_is_in_recovery(), pg_sleep(CASE WHEN "
                                "pg_is_in_recovery() THEN 60 ELSE 0 END) FROM items"};

class Items {
 public:
  explicit Items(Pool& pool) : pool_(pool) {}

  Task<absl::StatusOr<Answer>> read(Statement statement) {
    auto read = [statement](Transaction& db) -> absl::StatusOr<Answer> {
      const Row row = db.run(statement)[0];
      return Answer{row.int64(0), row.boolean(1)};
    };
    co_return co_await pool_.query(std::move(read));
  }

 private:
  Pool& pool_;
};

// A standby that does not replay.
class Paused {
 public:
  explicit Paused(const std::string& standby) : there_(standby) {
    there_.run("SELECT pg_wal_replay_pause()");
    EXPECT_TRUE(eventually(
        [&] { return there_.value("SELECT pg_get_wal_replay_pause_state()") == "paused"; }));
  }
  ~Paused() { there_.run("SELECT pg_wal_replay_resume()"); }

 private:
  testing::Psql there_;
};

// As long as a caller may wait: everything must come before that.
constexpr Duration kDeadline = seconds(10);

Task<absl::StatusOr<Answer>> read(LaggingReads<Items>& items, Statement statement = kRead) {
  const auto ask = [statement](Items& there) { return there.read(statement); };
  co_return co_await timeout(kDeadline, items.read(ask));
}

class LaggingReadsTest : public ::testing::Test {
 protected:
  // One pair for all, in order again before each.
  static void SetUpTestSuite() {
    primary_server_ = new testing::PrivateServer;
    standby_server_ = new testing::PrivateServer(testing::StandbyOf{*primary_server_});
  }
  static void TearDownTestSuite() {
    delete standby_server_;
    delete primary_server_;
  }

  LaggingReadsTest() : database_(primary_server_->url()) {
    database_.psql().run("CREATE TABLE items (n bigint); INSERT INTO items VALUES (1)");
  }

  // There, the database of the same name; it is there once it has been replayed.
  std::string standby_url() const {
    const std::string& server = standby_server_->url();
    const std::string& database = database_.url();
    return absl::StrCat(server.substr(0, server.rfind('/')), database.substr(database.rfind('/')));
  }
  Options options() {
    Options options = database_.options();
    options.log = [this](log::Level, std::string_view message, log::Fields fields) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(message);
      for (const auto& [name, value] : fields) {
        if (name == "reason") {
          log_.back() += ": ";
          log_.back() += std::get<std::string_view>(value.of());
        }
      }
    };
    return options;
  }
  int told(const std::string& what) {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (const std::string& line : log_) count += line.find(what) != std::string::npos ? 1 : 0;
    return count;
  }
  // A line at each change of the one that is read, and only then.
  void expect_changes_told_once() {
    const std::lock_guard lock(mutex_);
    std::string last;
    for (const std::string& line : log_) {
      if (line.find("lists are read") != 0) continue;
      const std::string from = line.substr(0, line.find(':'));
      EXPECT_NE(from, last);
      last = from;
    }
  }
  std::unique_ptr<Standby> standby(Duration max_lag) {
    return std::make_unique<Standby>(options(), StandbyOptions{standby_url(), max_lag});
  }
  Answer answer(LaggingReads<Items>& reads) {
    absl::StatusOr<Answer> answer = loop_.run(read(reads));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(Answer{});
  }
  bool eventually_from_standby(LaggingReads<Items>& reads) {
    return eventually([&] { return answer(reads).from_standby; }, seconds(30));
  }

  static testing::PrivateServer* primary_server_;
  static testing::PrivateServer* standby_server_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  testing::Database database_;
  Pool primary_{database_.options()};
  Items items_{primary_};
  ThreadLoop loop_;
};

testing::PrivateServer* LaggingReadsTest::primary_server_ = nullptr;
testing::PrivateServer* LaggingReadsTest::standby_server_ = nullptr;

TEST_F(LaggingReadsTest, WithoutAStandbyAreTheRepositorysOwn) {
  LaggingReads<Items> reads(items_, nullptr);
  EXPECT_EQ(answer(reads).n, 1);
  EXPECT_FALSE(answer(reads).from_standby);
}

TEST_F(LaggingReadsTest, MayBeOldButNotOlderThanTheLimit) {
  const auto patient = standby(hours(1));
  const auto strict = standby(milliseconds(100));
  LaggingReads<Items> old(items_, patient.get());
  LaggingReads<Items> recent(items_, strict.get());
  ASSERT_TRUE(eventually_from_standby(old));
  ASSERT_TRUE(eventually_from_standby(recent));

  auto paused = std::make_unique<Paused>(standby_server_->url());
  database_.psql().run("UPDATE items SET n = 2");
  const auto written = std::chrono::steady_clock::now();
  EXPECT_TRUE(answer(old).from_standby);
  EXPECT_EQ(answer(old).n, 1);
  // From 100 ms after the write on, whoever answers knows of it.
  ASSERT_TRUE(
      eventually([&] { return std::chrono::steady_clock::now() > written + milliseconds(100); }));
  for (int i = 0; i < 100; ++i) {
    const Answer now = answer(recent);
    ASSERT_EQ(now.n, 2);
    ASSERT_FALSE(now.from_standby);
  }
  EXPECT_GT(strict->lag(), milliseconds(100));
  EXPECT_TRUE(eventually([&] { return told("from the primary: the standby is behind by") >= 1; }));

  paused.reset();
  EXPECT_TRUE(eventually_from_standby(recent));
  EXPECT_EQ(answer(recent).n, 2);
  EXPECT_EQ(strict->answered(Answered::kAfterFailure), 0u);
}

// Where the log goes on in a new segment, the next record will stand behind a header that a standby
// does not replay.
TEST_F(LaggingReadsTest, AreTheStandbysWhileNobodyWrites) {
  const auto standby = this->standby(seconds(1));
  LaggingReads<Items> reads(items_, standby.get());
  ASSERT_TRUE(eventually_from_standby(reads));
  database_.psql().run("SELECT pg_switch_wal()");
  const auto switched = std::chrono::steady_clock::now();
  EXPECT_TRUE(
      eventually([&] { return standby->lag() < std::chrono::steady_clock::now() - switched; }));
  EXPECT_TRUE(eventually_from_standby(reads));
}

TEST_F(LaggingReadsTest, ThatConflictWithWhatIsReplayedAreThePrimarys) {
  const auto standby = this->standby(seconds(30));
  LaggingReads<Items> reads(items_, standby.get());
  ASSERT_TRUE(eventually_from_standby(reads));
  testing::Psql there(standby_server_->url());
  there.run("ALTER SYSTEM SET max_standby_streaming_delay = 0");
  there.run("SELECT pg_reload_conf()");

  std::thread changer([&] {
    EXPECT_TRUE(eventually([&] {
      return there.value(
                 "SELECT count(*) FROM pg_stat_activity "
                 "WHERE state = 'active' AND query LIKE '%pg_sleep(CASE%' "
                 "AND pid <> pg_backend_pid()") == "1";
    }));
    database_.psql().run("ALTER TABLE items ADD COLUMN m bigint; UPDATE items SET n = 3");
  });
  const absl::StatusOr<Answer> found = loop_.run(read(reads, kReadSlowly));
  changer.join();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->from_standby);
  EXPECT_EQ(standby->answered(Answered::kAfterFailure), 1u);
  // It is no reason to do without the standby.
  EXPECT_TRUE(answer(reads).from_standby);
  there.run("ALTER SYSTEM RESET max_standby_streaming_delay");
  there.run("SELECT pg_reload_conf()");
}

TEST_F(LaggingReadsTest, OfOneCallerInAHurryLeaveTheOthersTheStandby) {
  const auto standby = this->standby(seconds(30));
  LaggingReads<Items> reads(items_, standby.get());
  ASSERT_TRUE(eventually_from_standby(reads));
  // No time for the standby, and next to none for the primary: who answers, if anybody, is open.
  (void)loop_.run(timeout(milliseconds(20), read(reads, kReadSlowly)));
  EXPECT_TRUE(standby->is_recent());
}

TEST_F(LaggingReadsTest, AreThePrimarysIfWhatIsCalledAStandbyIsNone) {
  Standby not_one(options(), StandbyOptions{database_.url(), seconds(1)});
  testing::PrivateServer other;
  Standby anothers(options(), StandbyOptions{other.url(), seconds(1)});
  for (Standby* standby : {&not_one, &anothers}) {
    LaggingReads<Items> reads(items_, standby);
    EXPECT_TRUE(eventually([&] { return told("it is not a standby of the primary") >= 1; }));
    EXPECT_FALSE(answer(reads).from_standby);
    EXPECT_FALSE(standby->is_recent());
  }
  EXPECT_TRUE(eventually([&] { return told("it is not a standby of the primary") == 2; }));
}

// Readers side by side, until the end.
class Traffic {
 public:
  explicit Traffic(LaggingReads<Items>& reads)
      : reads_(reads), thread_([this] {
          ThreadLoop loop;
          loop.run(all());
        }) {}
  ~Traffic() {
    is_over_ = true;
    thread_.join();
  }

  int failed() const { return failed_; }
  // By the standby, or by the primary, from now on.
  bool is_answered_by(bool standby) {
    std::atomic<int>& answers = standby ? by_standby_ : by_primary_;
    const int before = answers;
    return eventually([&] { return answers > before + 100; }, seconds(30));
  }

 private:
  Task<void> one() {
    while (!is_over_) {
      const absl::StatusOr<Answer> answer = co_await read(reads_);
      if (answer.ok()) {
        ++(answer->from_standby ? by_standby_ : by_primary_);
      } else {
        ++failed_;
        ADD_FAILURE() << answer.status();
      }
    }
  }
  Task<void> all() {
    std::vector<Task<void>> readers;
    for (int i = 0; i < 8; ++i) readers.push_back(one());
    co_await join_all(std::move(readers));
  }

  LaggingReads<Items>& reads_;
  std::atomic<bool> is_over_ = false;
  std::atomic<int> by_standby_ = 0;
  std::atomic<int> by_primary_ = 0;
  std::atomic<int> failed_ = 0;
  std::thread thread_;
};

TEST_F(LaggingReadsTest, DoNotFailWhileTheStandbyIsStoppedAndStarted) {
  const auto standby = this->standby(seconds(1));
  LaggingReads<Items> reads(items_, standby.get());
  ASSERT_TRUE(eventually_from_standby(reads));
  Traffic traffic(reads);
  EXPECT_TRUE(traffic.is_answered_by(true));
  const int losses = told("lists are read from the primary");
  const int returns = told("lists are read from the standby");
  standby_server_->stop();
  EXPECT_TRUE(traffic.is_answered_by(false));
  EXPECT_TRUE(eventually([&] { return told("lists are read from the primary") > losses; }));
  standby_server_->start();
  EXPECT_TRUE(traffic.is_answered_by(true));
  EXPECT_TRUE(eventually([&] { return told("lists are read from the standby") > returns; }));
  EXPECT_EQ(traffic.failed(), 0);
  expect_changes_told_once();
}

TEST_F(LaggingReadsTest, DoNotFailWhileTheStandbyIsFrozen) {
  const auto standby = this->standby(seconds(1));
  LaggingReads<Items> reads(items_, standby.get());
  ASSERT_TRUE(eventually_from_standby(reads));
  Traffic traffic(reads);
  EXPECT_TRUE(traffic.is_answered_by(true));
  standby_server_->freeze();
  EXPECT_TRUE(traffic.is_answered_by(false));
  standby_server_->thaw();
  EXPECT_TRUE(traffic.is_answered_by(true));
  EXPECT_EQ(traffic.failed(), 0);
}

}  // namespace
}  // namespace weir::postgres
