// SPDX-License-Identifier: Apache-2.0
#include "server/redis/cache.h"

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "async/join_set.h"
#include "async/testing/async_test.h"
#include "tests/redis/fake_store.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;
using TestCache = BasicCache<FakeStore>;

// A database of one row per key, whose reads take a while and may be overtaken by a commit.
class Database {
 public:
  auto loader(std::string key) {
    return [this, key = std::move(key)]() -> Task<Lookup> { return read(key); };
  }

  Task<Lookup> read(std::string key) {
    ++reads_;
    if (fails_) co_return absl::UnavailableError("no database");
    std::optional<Versioned> seen;
    if (const auto at = rows_.find(key); at != rows_.end() && at->second.exists) {
      seen = Versioned(at->second.version, bytes(at->second.version));
    }
    const absl::Status status = co_await sleep(read_time_);
    if (!status.ok()) {
      ++cancelled_reads_;
      co_return status;
    }
    co_return seen;
  }

  // Commits the next version of the row, and returns it.
  Versioned update(const std::string& key) {
    Row& row = rows_[key];
    row.exists = true;
    ++row.version;
    return Versioned(row.version, bytes(row.version));
  }
  // Deletes the row, and returns its last version.
  std::uint64_t remove(const std::string& key) {
    rows_[key].exists = false;
    return rows_[key].version;
  }

  std::optional<Versioned> now(const std::string& key) const {
    const auto at = rows_.find(key);
    if (at == rows_.end() || !at->second.exists) return std::nullopt;
    return Versioned(at->second.version, bytes(at->second.version));
  }

  void set_read_time(Duration time) { read_time_ = time; }
  void set_failing(bool fails) { fails_ = fails; }
  int reads() const { return reads_; }
  int cancelled_reads() const { return cancelled_reads_; }

 private:
  struct Row {
    bool exists = false;
    std::uint64_t version = 0;
  };
  static std::string bytes(std::uint64_t version) { return "row " + std::to_string(version); }

  std::map<std::string, Row> rows_;
  Duration read_time_ = 5ms;
  bool fails_ = false;
  int reads_ = 0;
  int cancelled_reads_ = 0;
};

struct World {
  FakeRedis redis;
  Database database;
  TestCache cache{FakeStore(redis), CacheOptions()};

  Task<Lookup> get(std::string key) {
    auto load = database.loader(key);
    co_return co_await cache.get(std::move(key), std::move(load));
  }
};

void expect_row(const Lookup& found, const std::optional<Versioned>& row) {
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, row);
}

ASYNC_TEST(Cache, LoadsARowOnceAndThenHasIt) {
  World world;
  const Versioned row = world.database.update("k");
  expect_row(co_await world.get("k"), row);
  (void)co_await sleep(1s);  // the fill is not waited for
  expect_row(co_await world.get("k"), row);
  EXPECT_EQ(world.database.reads(), 1);
  const CacheStats stats = world.cache.stats();
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.fills, 1u);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, DoesNotMakeTheAnswerWaitForTheFill) {
  World world;
  world.redis.slowest = Duration::zero();
  world.redis.put_delay = 10s;
  const Versioned row = world.database.update("k");
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  expect_row(co_await world.get("k"), row);
  EXPECT_EQ(context.loop().now() - begin, 5ms);
  EXPECT_EQ(world.cache.stats().in_background, 1u);
  co_await world.cache.close();  // but a fill under way is let finish
  EXPECT_EQ(world.redis.entries.count("k"), 1u);
}

ASYNC_TEST(Cache, RemembersForAWhileThatThereIsNoSuchRow) {
  World world;
  expect_row(co_await world.get("k"), std::nullopt);
  (void)co_await sleep(1s);
  expect_row(co_await world.get("k"), std::nullopt);
  EXPECT_EQ(world.database.reads(), 1);
  EXPECT_EQ(world.cache.stats().negative_hits, 1u);
  (void)co_await sleep(CacheOptions().negative_ttl);
  expect_row(co_await world.get("k"), std::nullopt);
  EXPECT_EQ(world.database.reads(), 2);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, FindsARowThatWasCreatedAfterItWasMissed) {
  World world;
  expect_row(co_await world.get("k"), std::nullopt);
  const Versioned row = world.database.update("k");
  co_await world.cache.put("k", row);
  expect_row(co_await world.get("k"), row);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, ForgetsARowWithinATenthOfItsTime) {
  World world;
  const Versioned row = world.database.update("k");
  co_await world.cache.put("k", row);
  (void)co_await sleep(CacheOptions().ttl * 85 / 100);
  expect_row(co_await world.get("k"), row);
  EXPECT_EQ(world.database.reads(), 0);
  (void)co_await sleep(CacheOptions().ttl * 30 / 100);
  expect_row(co_await world.get("k"), row);
  EXPECT_EQ(world.database.reads(), 1);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, MakesOneLoadOfManyMisses) {
  World world;
  const Versioned row = world.database.update("k");
  world.database.set_read_time(100ms);
  JoinSet<Lookup> set(co_await this_task());
  for (int i = 0; i < 1000; ++i) set.spawn(world.get("k"));
  while (auto found = co_await set.join_next()) expect_row(*found, row);
  EXPECT_EQ(world.database.reads(), 1);
  EXPECT_EQ(world.cache.stats().joined, 999u);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, DoesNotCacheAnError) {
  World world;
  const Versioned row = world.database.update("k");
  world.database.set_failing(true);
  EXPECT_TRUE(absl::IsUnavailable((co_await world.get("k")).status()));
  world.database.set_failing(false);
  expect_row(co_await world.get("k"), row);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, TurnsAnExceptionOfTheLoaderIntoAnError) {
  World world;
  const auto load = []() -> Task<Lookup> {
    throw std::runtime_error("loader");
    co_return std::nullopt;
  };
  const Lookup found = co_await world.cache.get("k", load);
  EXPECT_TRUE(absl::IsInternal(found.status())) << found.status();
  co_await world.cache.close();
}

ASYNC_TEST(Cache, AnswersFromTheDatabaseWhenRedisIsGone) {
  World world;
  world.redis.is_down = true;
  const Versioned row = world.database.update("k");
  for (int i = 0; i < 3; ++i) expect_row(co_await world.get("k"), row);
  EXPECT_EQ(world.database.reads(), 3);
  EXPECT_EQ(world.cache.stats().errors, 3u);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, GivesUpALoadThatTakesTooLong) {
  World world;
  world.database.set_read_time(1h);
  const Lookup found = co_await world.get("k");
  EXPECT_TRUE(absl::IsUnavailable(found.status())) << found.status();
  EXPECT_EQ(world.database.cancelled_reads(), 1);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, CancelsALoadThatNobodyWaitsForAnyMore) {
  World world;
  world.database.set_read_time(1s);
  const Lookup found = co_await timeout(100ms, world.get("k"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(found.status())) << found.status();
  co_await world.cache.close();
  EXPECT_EQ(world.database.cancelled_reads(), 1);
}

ASYNC_TEST(Cache, GoesOnLoadingForThoseWhoStay) {
  World world;
  const Versioned row = world.database.update("k");
  world.database.set_read_time(1s);
  JoinSet<Lookup> leaving(co_await this_task());
  JoinSet<Lookup> staying(co_await this_task());
  for (int i = 0; i < 5; ++i) leaving.spawn(world.get("k"));
  for (int i = 0; i < 5; ++i) staying.spawn(world.get("k"));
  (void)co_await sleep(100ms);
  leaving.abort_all();
  while (auto found = co_await leaving.join_next()) EXPECT_TRUE(absl::IsCancelled(found->status()));
  while (auto found = co_await staying.join_next()) expect_row(*found, row);
  EXPECT_EQ(world.database.reads(), 1);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, ReadsItsOwnWrites) {
  World world;
  world.database.update("k");
  world.database.set_read_time(1s);
  JoinSet<Lookup> set(co_await this_task());
  set.spawn(world.get("k"));  // reads version 1, and is slow to say so
  while (world.database.reads() == 0) (void)co_await sleep(1ms);
  const Versioned newer = world.database.update("k");
  co_await world.cache.put("k", newer);
  expect_row(co_await world.get("k"), newer);
  expect_row(*co_await set.join_next(), Versioned(1, "row 1"));
  (void)co_await sleep(1s);  // its fill comes late
  expect_row(co_await world.get("k"), newer);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, IsNotToldBackADeletedRowByALateFill) {
  World world;
  world.database.update("k");
  world.database.set_read_time(1s);
  JoinSet<Lookup> set(co_await this_task());
  set.spawn(world.get("k"));
  while (world.database.reads() == 0) (void)co_await sleep(1ms);
  co_await world.cache.erase("k", world.database.remove("k"));
  co_await set.join_next();
  (void)co_await sleep(1s);
  expect_row(co_await world.get("k"), std::nullopt);
  EXPECT_EQ(world.database.reads(), 1);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, ReadsAgainWhatWasInvalidated) {
  World world;
  co_await world.cache.put("k", world.database.update("k"));
  const Versioned newer = world.database.update("k");
  co_await world.cache.invalidate("k", newer.version);
  expect_row(co_await world.get("k"), newer);
  (void)co_await sleep(1s);
  expect_row(co_await world.get("k"), newer);
  EXPECT_EQ(world.database.reads(), 1);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, ReadsFromTheDatabaseWhatRedisWasNotTold) {
  World world;
  co_await world.cache.put("k", world.database.update("k"));
  world.redis.is_down = true;
  const Versioned newer = world.database.update("k");
  co_await world.cache.put("k", newer);
  EXPECT_EQ(world.cache.stats().unsettled_writes, 1u);
  expect_row(co_await world.get("k"), newer);

  world.redis.is_down = false;  // and still holds the old row, until the write is repeated
  expect_row(co_await world.get("k"), newer);
  (void)co_await sleep(2s);
  EXPECT_EQ(world.cache.stats().unsettled_writes, 0u);
  const int reads = world.database.reads();
  expect_row(co_await world.get("k"), newer);
  EXPECT_EQ(world.database.reads(), reads);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, FinishesAWriteWhoseCallerWasCancelled) {
  World world;
  world.redis.slowest = 100ms;
  const Versioned row = world.database.update("k");
  EXPECT_TRUE((co_await timeout(Duration::zero(), world.cache.put("k", row))).code() ==
              absl::StatusCode::kDeadlineExceeded);
  (void)co_await sleep(1s);
  expect_row(co_await world.get("k"), row);
  EXPECT_EQ(world.database.reads(), 0);
  co_await world.cache.close();
}

ASYNC_TEST(Cache, ClosesAtOnceWithWritesThatRedisWillNotTake) {
  World world;
  world.redis.is_down = true;
  for (int i = 0; i < 10; ++i) {
    const std::string key = std::to_string(i);
    co_await world.cache.put(key, world.database.update(key));
  }
  EXPECT_EQ(world.cache.stats().unsettled_writes, 10u);
  const Context& context = co_await this_context();
  const TimePoint begin = context.loop().now();
  co_await world.cache.close();
  EXPECT_LT(context.loop().now() - begin, 100ms);
  EXPECT_EQ(world.cache.stats().lost_writes, 10u);
  EXPECT_EQ(world.cache.stats().in_background, 0u);
}

// Whoever asks after a write has returned sees that write or a later one, whatever Redis does.
Task<void> reader(World& world, const std::string& key,
                  const std::map<std::string, std::uint64_t>& written) {
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t oldest = written.contains(key) ? written.at(key) : 0;
    const Lookup found = co_await world.get(key);
    EXPECT_TRUE(found.ok()) << found.status();
    if (found.ok() && found->has_value()) {
      EXPECT_GE((*found)->version, oldest);
    }
    (void)co_await sleep(1ms * (i % 3));
  }
}

Task<void> writer(World& world, const std::string& key,
                  std::map<std::string, std::uint64_t>& written) {
  for (int i = 0; i < 12; ++i) {
    if (i % 4 == 3) {
      co_await world.cache.erase(key, world.database.remove(key));
    } else {
      const Versioned row = world.database.update(key);
      co_await world.cache.put(key, row);
      written[key] = row.version;
    }
    expect_row(co_await world.get(key), world.database.now(key));
    (void)co_await sleep(1ms * (i % 5));
  }
}

Task<void> read_and_write_under(double failure_rate) {
  World world;
  world.redis.failure_rate = failure_rate;
  world.database.set_read_time(4ms);
  std::map<std::string, std::uint64_t> written;
  const std::vector<std::string> keys = {"a", "b"};
  JoinSet<void> set(co_await this_task());
  for (const std::string& key : keys) {
    set.spawn(writer(world, key, written));
    for (int i = 0; i < 4; ++i) set.spawn(reader(world, key, written));
  }
  while (co_await set.join_next()) {
  }
  (void)co_await sleep(1min);  // what Redis did not take has been repeated
  world.redis.failure_rate = 0;
  EXPECT_EQ(world.cache.stats().unsettled_writes, 0u);
  for (const std::string& key : keys) {
    expect_row(co_await world.get(key), world.database.now(key));
  }
  co_await world.cache.close();
}

ASYNC_TEST(Cache, NeverLosesAWriteToAnOlderOne) { co_await read_and_write_under(0); }

ASYNC_TEST(Cache, NeverLosesAWriteToAnOlderOneWhenRedisFailsNowAndThen) {
  co_await read_and_write_under(0.3);
}

}  // namespace
}  // namespace weir::redis
