// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/task.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/postgres/both.h"
#include "tests/postgres/database.h"

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Item {
  std::int64_t id = 0;
  std::string name;
};

void read_item(const Row& row, Item& item) {
  item.id = row.int64(0);
  item.name = row.string(1);
}
void append_tag(const Row& row, std::vector<std::string>& tags) { tags.push_back(row.string(1)); }

constexpr Statement kItems{"items", "SELECT id, name FROM items WHERE id = ANY($1)"};
constexpr Statement kSlowItems{"slow_items",
                               "SELECT id, name FROM items, pg_sleep(0.5) WHERE id = ANY($1)"};
constexpr Statement kTags{"tags", "SELECT item, tag FROM tags WHERE item = ANY($1) ORDER BY tag"};
constexpr Statement kByName{"by_name", "SELECT name, id FROM items WHERE name = ANY($1)"};
constexpr Statement kSleep{"sleep", "SELECT 1 FROM pg_sleep($1)"};

using Items = Loader<std::int64_t, Item>;
using Loaded = absl::StatusOr<std::optional<Item>>;

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    database_.psql().run(
        "CREATE TABLE items (id bigint PRIMARY KEY, name text);"
        "INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 5000) i;"
        "CREATE TABLE tags (item bigint, tag text);"
        "INSERT INTO tags VALUES (1, 'b'), (1, 'a'), (2, 'c')");
  }
  Options options(std::size_t connections) const {
    Options options = database_.options();
    options.min_connections = connections;
    options.max_connections = connections;
    return options;
  }
  // So that what is counted later is not mixed with connecting.
  void connect(Pool& pool) {
    ASSERT_TRUE(testing::eventually([&] {
      return pool.stats().connected == pool.stats().workers && pool.stats().workers > 0;
    }));
  }

  testing::Database database_;
  ThreadLoop loop_;
};

Task<Loaded> load(Items& items, std::int64_t id) { co_return co_await items.load(id); }

Task<std::vector<Loaded>> load_all(Items& items, std::vector<std::int64_t> ids) {
  std::vector<Task<Loaded>> tasks;
  for (const std::int64_t id : ids) tasks.push_back(load(items, id));
  co_return co_await join_all(std::move(tasks));
}

Task<absl::Status> occupy(Pool& pool, double time) {
  auto fn = [time](Transaction& transaction) -> absl::Status {
    transaction.run(kSleep, time);
    return absl::OkStatus();
  };
  co_return co_await pool.query(std::move(fn));
}

TEST_F(LoaderTest, ALoneKeyIsReadAtOnce) {
  Pool pool(options(1));
  Items items(pool, {kItems, read_item});
  const Loaded item = loop_.run(load(items, 42));
  ASSERT_TRUE(item.ok()) << item.status();
  ASSERT_TRUE(item->has_value());
  EXPECT_EQ((*item)->name, "item 42");
}

TEST_F(LoaderTest, AKeyWithoutRowsIsNothing) {
  Pool pool(options(1));
  Items items(pool, {kItems, read_item});
  const Loaded item = loop_.run(load(items, -1));
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_FALSE(item->has_value());
}

TEST_F(LoaderTest, KeysThatWaitBecomeOneStatement) {
  Pool pool(options(1));
  Items items(pool, {kItems, read_item});
  connect(pool);
  const auto scenario = [](Pool& p, Items& i) -> Task<std::vector<Loaded>> {
    std::vector<std::int64_t> ids;
    for (int id = 1; id <= 100; ++id) ids.push_back(id);
    auto results = co_await join(occupy(p, 0.05), load_all(i, std::move(ids)));
    co_return std::get<1>(std::move(results));
  };
  const std::vector<Loaded> loaded = loop_.run(scenario(pool, items));
  ASSERT_EQ(loaded.size(), 100u);
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    ASSERT_TRUE(loaded[i].ok()) << loaded[i].status();
    EXPECT_EQ((*loaded[i])->id, static_cast<std::int64_t>(i + 1));
  }
  EXPECT_EQ(pool.stats().statements, 2u) << "the sleep, and one for all";
}

// Though the connection is idle, and its worker quick to wake up.
TEST_F(LoaderTest, KeysOfOneTurnAreOneStatement) {
  Pool pool(options(4));
  Items items(pool, {kItems, read_item});
  connect(pool);
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t before = pool.stats().statements;
    std::vector<std::int64_t> ids;
    for (int id = 1; id <= 200; ++id) ids.push_back(id);
    for (const Loaded& item : loop_.run(load_all(items, std::move(ids)))) EXPECT_TRUE(item.ok());
    EXPECT_EQ(pool.stats().statements - before, 1u);
  }
}

TEST_F(LoaderTest, ABatchIsBounded) {
  Pool pool(options(1));
  Items items(pool, {kItems, read_item, /*max_batch=*/10});
  connect(pool);
  const auto scenario = [](Pool& p, Items& i) -> Task<std::vector<Loaded>> {
    std::vector<std::int64_t> ids;
    for (int id = 1; id <= 95; ++id) ids.push_back(id);
    auto results = co_await join(occupy(p, 0.05), load_all(i, std::move(ids)));
    co_return std::get<1>(std::move(results));
  };
  for (const Loaded& item : loop_.run(scenario(pool, items))) EXPECT_TRUE(item.ok());
  EXPECT_EQ(pool.stats().statements, 1u + 10u);
}

TEST_F(LoaderTest, AKeyAskedForTwiceIsReadOnce) {
  database_.psql().run("CREATE SEQUENCE reads");
  static constexpr Statement kCounted{
      "counted", "SELECT id, name || nextval('reads') FROM items WHERE id = ANY($1)"};
  Pool pool(options(1));
  Items items(pool, {kCounted, read_item});
  connect(pool);
  const auto scenario = [](Pool& p, Items& i) -> Task<std::vector<Loaded>> {
    std::vector<std::int64_t> ids = {7, 8, 7, 9999999, 7, 9999999};
    auto results = co_await join(occupy(p, 0.05), load_all(i, std::move(ids)));
    co_return std::get<1>(std::move(results));
  };
  const std::vector<Loaded> loaded = loop_.run(scenario(pool, items));
  for (const Loaded& item : loaded) ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ((*loaded[0])->name, (*loaded[2])->name);
  EXPECT_EQ((*loaded[0])->name, (*loaded[4])->name);
  EXPECT_EQ((*loaded[1])->id, 8);
  EXPECT_FALSE(loaded[3]->has_value());
  EXPECT_FALSE(loaded[5]->has_value());
  EXPECT_EQ(database_.psql().value("SELECT last_value FROM reads"), "2");
}

TEST_F(LoaderTest, AKeyMayHaveManyRows) {
  Pool pool(options(1));
  Loader<std::int64_t, std::vector<std::string>> tags(pool, {kTags, append_tag});
  const auto scenario = [](decltype(tags)& t) -> Task<void> {
    const auto one = co_await t.load(1);
    const auto none = co_await t.load(3);
    EXPECT_EQ(one.value().value(), (std::vector<std::string>{"a", "b"}));
    EXPECT_FALSE(none.value().has_value());
  };
  loop_.run(scenario(tags));
}

TEST_F(LoaderTest, AKeyMayBeText) {
  Pool pool(options(1));
  const auto read = [](const Row& row, std::int64_t& id) { id = row.int64(1); };
  Loader<std::string, std::int64_t> by_name(pool, {kByName, read});
  const auto scenario = [](decltype(by_name)& l) -> Task<void> {
    const auto found = co_await l.load("item 17");
    const auto odd = co_await l.load("no, \"such\" \\ {item}");
    EXPECT_EQ(found.value().value_or(0), 17);
    EXPECT_FALSE(odd.value().has_value());
  };
  loop_.run(scenario(by_name));
}

// A group of rows for each key, and in each key how many it may have at most.
using Wanted = std::tuple<std::int64_t, std::int64_t>;
using Groups = Loader<Wanted, std::vector<std::string>>;
using Group = absl::StatusOr<std::optional<std::vector<std::string>>>;

constexpr Statement kGroups{"groups", R"(
  SELECT wanted.item, wanted.most, found.tag
  FROM unnest($1::bigint[], $2::bigint[]) AS wanted (item, most) CROSS JOIN LATERAL (
    SELECT tag FROM tags WHERE tags.item = wanted.item ORDER BY tag LIMIT wanted.most) AS found)"};

void append_third(const Row& row, std::vector<std::string>& tags) { tags.push_back(row.string(2)); }

Task<Group> load_group(Groups& groups, Wanted wanted) { co_return co_await groups.load(wanted); }

Task<std::vector<Group>> load_groups(Groups& groups, std::vector<Wanted> wanted) {
  std::vector<Task<Group>> tasks;
  for (const Wanted& each : wanted) tasks.push_back(load_group(groups, each));
  co_return co_await join_all(std::move(tasks));
}

TEST_F(LoaderTest, GroupsOfRowsAreReadInOneStatementEachWithALimitOfItsOwn) {
  Pool pool(options(1));
  Groups groups(pool, {kGroups, append_third});
  connect(pool);
  const auto scenario = [](Pool& p, Groups& g) -> Task<std::vector<Group>> {
    std::vector<Wanted> wanted = {{1, 1}, {2, 9}, {1, 9}, {3, 9}, {1, 1}};
    auto results = co_await join(occupy(p, 0.05), load_groups(g, std::move(wanted)));
    co_return std::get<1>(std::move(results));
  };
  std::vector<std::vector<std::string>> tags;
  for (const Group& group : loop_.run(scenario(pool, groups))) {
    ASSERT_TRUE(group.ok()) << group.status();
    tags.push_back(group->value_or(std::vector<std::string>{"none"}));
  }
  const std::vector<std::vector<std::string>> expected = {
      {"a"}, {"c"}, {"a", "b"}, {"none"}, {"a"}};
  EXPECT_EQ(tags, expected);
  EXPECT_EQ(pool.stats().statements, 2u) << "the sleep, and one for all";
}

TEST_F(LoaderTest, RowsOfSeveralKeysMayComeInAnyOrder) {
  static constexpr Statement kShuffled{
      "shuffled", "SELECT item, tag FROM tags WHERE item = ANY($1) ORDER BY tag, item"};
  database_.psql().run("INSERT INTO tags VALUES (2, 'a'), (2, 'b'), (1, 'c')");
  Pool pool(options(1));
  Loader<std::int64_t, std::vector<std::string>> tags(pool, {kShuffled, append_tag});
  connect(pool);
  const auto scenario = [](Pool& p, decltype(tags)& t) -> Task<void> {
    const auto one = [](decltype(tags)& l, std::int64_t id) -> Task<Group> {
      co_return co_await l.load(id);
    };
    const auto results = co_await join(occupy(p, 0.05), one(t, 1), one(t, 2));
    EXPECT_EQ(std::get<1>(results).value().value(), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(std::get<2>(results).value().value(), (std::vector<std::string>{"a", "b", "c"}));
  };
  loop_.run(scenario(pool, tags));
}

TEST_F(LoaderTest, OneWhoIsCancelledLeavesAloneAndAtOnce) {
  Pool pool(options(1));
  Items items(pool, {kSlowItems, read_item});
  connect(pool);
  const auto impatient = [](Items& i) -> Task<Duration> {
    const auto start = Clock::now();
    const Loaded item = co_await timeout(milliseconds(30), load(i, 2));
    EXPECT_EQ(item.status().code(), absl::StatusCode::kDeadlineExceeded);
    co_return Clock::now() - start;
  };
  const auto [patient, waited] = loop_.run(testing::both(load(items, 1), impatient(items)));
  ASSERT_TRUE(patient.ok()) << patient.status();
  EXPECT_EQ((*patient)->name, "item 1");
  EXPECT_LT(waited, milliseconds(300));
}

TEST_F(LoaderTest, WhenAllHaveLeftTheStatementIsCancelled) {
  Pool pool(options(1));
  Items items(pool, {kSlowItems, read_item, 256, /*max_in_flight=*/1});
  connect(pool);
  const auto both = [](Items& i) -> Task<absl::Status> {
    std::vector<std::int64_t> ids = {1, 2, 3};
    const auto loaded = co_await load_all(i, std::move(ids));
    for (const Loaded& item : loaded) {
      EXPECT_EQ(item.status().code(), absl::StatusCode::kDeadlineExceeded);
    }
    co_return absl::OkStatus();
  };
  ASSERT_TRUE(loop_.run(timeout(milliseconds(50), both(items))).ok());
  EXPECT_TRUE(testing::eventually(
      [&] {
        return database_.psql().value(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "state = 'active' AND pid <> pg_backend_pid()") == "0";
      },
      milliseconds(300)));
  EXPECT_TRUE(loop_.run(load(items, 5)).ok());
}

TEST_F(LoaderTest, AnErrorIsEveryKeysError) {
  database_.psql().run("ALTER TABLE items RENAME TO gone");
  Pool pool(options(1));
  Items items(pool, {kItems, read_item});
  for (const Loaded& item : loop_.run(load_all(items, {1, 2, 3}))) {
    EXPECT_EQ(item.status().code(), absl::StatusCode::kInternal);
  }
  database_.psql().run("ALTER TABLE gone RENAME TO items");
  EXPECT_TRUE(loop_.run(load(items, 1)).ok());
}

TEST_F(LoaderTest, ARowThatCannotBeReadIsAnErrorNotACrash) {
  Pool pool(options(1));
  const auto read = [](const Row& row, std::int64_t& n) { n = row.int64(1); };
  Loader<std::int64_t, std::int64_t> wrong(pool, {kItems, read});
  const auto scenario = [](decltype(wrong)& l) -> Task<absl::Status> {
    const auto loaded = co_await l.load(1);
    co_return loaded.status();
  };
  EXPECT_EQ(loop_.run(scenario(wrong)).code(), absl::StatusCode::kInternal);
}

TEST_F(LoaderTest, TooManyWaitingKeysAreUnavailable) {
  Pool pool(options(1));
  Items items(pool, {kItems, read_item, 256, 2, /*max_waiting=*/5});
  connect(pool);
  const auto scenario = [](Pool& p, Items& i) -> Task<std::vector<Loaded>> {
    std::vector<std::int64_t> ids = {1, 2, 3, 4, 5, 6, 7, 8};
    auto results = co_await join(occupy(p, 0.05), load_all(i, std::move(ids)));
    co_return std::get<1>(std::move(results));
  };
  const std::vector<Loaded> loaded = loop_.run(scenario(pool, items));
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    EXPECT_EQ(loaded[i].status().code(),
              i < 5 ? absl::StatusCode::kOk : absl::StatusCode::kUnavailable);
  }
}

TEST_F(LoaderTest, KeysThatWaitTooLongAreUnavailable) {
  Options impatient = options(1);
  impatient.acquire_timeout = milliseconds(50);
  Pool pool(impatient);
  Items items(pool, {kItems, read_item});
  connect(pool);
  const auto scenario = [](Pool& p, Items& i) -> Task<Loaded> {
    auto results = co_await join(occupy(p, 0.3), load(i, 1));
    co_return std::get<1>(std::move(results));
  };
  EXPECT_EQ(loop_.run(scenario(pool, items)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(loop_.run(load(items, 1)).ok());
}

Task<absl::Status> load_many(Items& items, std::uint32_t seed, int count) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    const std::int64_t id = 1 + seed % 5000;
    Loaded item = co_await items.load(id);
    if (!item.ok()) co_return item.status();
    if (!item->has_value() || (*item)->id != id) co_return absl::DataLossError("a wrong row");
  }
  co_return absl::OkStatus();
}

Task<absl::Status> load_from_here(Items& items, std::uint32_t seed, int tasks, int count) {
  std::vector<Task<absl::Status>> all;
  for (int i = 0; i < tasks; ++i) {
    all.push_back(load_many(items, seed + static_cast<std::uint32_t>(i), count));
  }
  for (const absl::Status& status : co_await join_all(std::move(all))) {
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

TEST_F(LoaderTest, ServesSeveralLoopsAtOnceEachItsOwnRows) {
  Pool pool(options(4));
  Items items(pool, {kItems, read_item});
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (std::uint32_t i = 0; i < 3; ++i) {
    threads.emplace_back([&items, &good, i] {
      ThreadLoop loop;
      const absl::Status status = loop.run(load_from_here(items, 1000 * i, 40, 50));
      EXPECT_TRUE(status.ok()) << status;
      good += status.ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 3);
  EXPECT_LT(pool.stats().statements, 3u * 40u * 50u / 4u) << "they joined each other";
}

// Loads that are given up at random moments, beside loads that are not.
Task<absl::Status> load_impatiently(Items& items, std::uint32_t seed, int count) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    const auto after = std::chrono::microseconds(seed % 1000);
    const Loaded item = co_await timeout(after, load(items, 1 + seed % 5000));
    if (!item.ok() && item.status().code() != absl::StatusCode::kDeadlineExceeded) {
      co_return item.status();
    }
  }
  co_return absl::OkStatus();
}

TEST_F(LoaderTest, GivingUpAtAnyMomentHarmsNobody) {
  Pool pool(options(2));
  Items items(pool, {kItems, read_item});
  const auto scenario = [](Items& i) -> Task<absl::Status> {
    std::vector<Task<absl::Status>> all;
    for (std::uint32_t n = 0; n < 20; ++n) all.push_back(load_impatiently(i, n, 100));
    for (std::uint32_t n = 0; n < 5; ++n) all.push_back(load_many(i, n, 100));
    for (const absl::Status& status : co_await join_all(std::move(all))) {
      if (!status.ok()) co_return status;
    }
    co_return absl::OkStatus();
  };
  const absl::Status status = loop_.run(scenario(items));
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace weir::postgres
