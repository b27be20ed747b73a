// SPDX-License-Identifier: Apache-2.0

// The cache on a real Redis: what its script decides, and two processes (two clients) that race.

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join_set.h"
#include "async/oneshot.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "server/redis/cache.h"
#include "server/redis/client.h"
#include "tests/redis/clients.h"
#include "tests/redis/redis_server.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;

// A key that no other test, seed or run has touched.
std::string fresh_key() {
  static int number = 0;
  return absl::StrCat("cache:", ++number);
}

// Two replicas of a service: each has a client and a cache of its own.
Client& other_client() {
  static Client client(RedisServer::shared().options());
  return client;
}

Lookup absent() { return std::nullopt; }
Lookup row(std::uint64_t version) { return Versioned(version, absl::StrCat("row ", version)); }

void expect_same(const Lookup& found, const Lookup& expected) {
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, *expected);
}

auto load_of(Lookup result) {
  return [result = std::move(result)]() -> Task<Lookup> { co_return result; };
}

Task<Lookup> get(Cache& cache, std::string key, Lookup from_database) {
  auto load = load_of(std::move(from_database));
  co_return co_await cache.get(std::move(key), std::move(load));
}

TEST(PutIfNewer, OrdersByVersionAndThenByKindWhateverComesFirst) {
  // Around the limits of Lua's numbers, and of bytes.
  const std::vector<std::uint64_t> versions = {
      0,
      1,
      255,
      256,
      (std::uint64_t{1} << 32) - 1,
      std::uint64_t{1} << 32,
      (std::uint64_t{1} << 53),
      (std::uint64_t{1} << 53) + 1,
      std::numeric_limits<std::uint64_t>::max(),
  };
  std::vector<Entry> entries;  // in ascending order
  for (const std::uint64_t version : versions) {
    for (const Entry::Kind kind :
         {Entry::Kind::kUnknown, Entry::Kind::kValue, Entry::Kind::kAbsent}) {
      entries.emplace_back(kind, version, absl::StrCat("entry ", entries.size()));
    }
  }
  const auto body = [](const std::vector<Entry>& all) -> Task<void> {
    VersionedStore store(shared_client());
    for (std::size_t first = 0; first < all.size(); ++first) {
      for (std::size_t second = 0; second < all.size(); ++second) {
        const std::string key = fresh_key();
        CO_ASSERT_OK(co_await store.put_if_newer(key, encode(all[first]), 1min));
        CO_ASSERT_OK(co_await store.put_if_newer(key, encode(all[second]), 1min));
        const auto stored = co_await store.get(key);
        CO_ASSERT_OK(stored);
        EXPECT_EQ(**stored, encode(all[std::max(first, second)])) << first << " then " << second;
      }
    }
  };
  ThreadLoop loop;
  loop.run(body(entries));
}

ASYNC_TEST(PutIfNewer, LeavesWhatIsJustAsNew) {
  VersionedStore store(shared_client());
  const std::string key = fresh_key();
  const std::string first = encode(Entry(Entry::Kind::kValue, 5, "first"));
  const std::string second = encode(Entry(Entry::Kind::kValue, 5, "second"));
  CO_ASSERT_OK(co_await store.put_if_newer(key, first, 1min));
  CO_ASSERT_OK(co_await store.put_if_newer(key, second, 1min));
  const auto stored = co_await store.get(key);
  CO_ASSERT_OK(stored);
  EXPECT_EQ(**stored, first);
}

ASYNC_TEST(PutIfNewer, ReplacesWhatIsNoEntry) {
  VersionedStore store(shared_client());
  const std::string entry = encode(Entry(Entry::Kind::kValue, 1, "v"));
  const std::vector<std::string> strangers = {"", "W", "somebody else's value", "Wxxxxxxxx"};
  for (const std::string& stranger : strangers) {
    const std::string key = fresh_key();
    CO_ASSERT_OK(co_await shared_client().set(key, stranger));
    CO_ASSERT_OK(co_await store.put_if_newer(key, entry, 1min));
    const auto stored = co_await store.get(key);
    CO_ASSERT_OK(stored);
    EXPECT_EQ(**stored, entry);
  }
}

ASYNC_TEST(CacheOnRedis, HasWhatAnotherProcessFilled) {
  Cache here(shared_client());
  Cache there(other_client());
  const std::string key = fresh_key();
  expect_same(co_await get(here, key, row(1)), row(1));
  co_await here.close();  // the fill is done
  expect_same(co_await get(there, key, absl::InternalError("not asked")), row(1));
  EXPECT_EQ(there.stats().hits, 1u);
  co_await there.close();
}

ASYNC_TEST(CacheOnRedis, ExpiresWithinATenthOfItsTimeToLive) {
  CacheOptions options;
  options.ttl = 100s;
  Cache cache(shared_client(), options);
  const std::string key = fresh_key();
  co_await cache.put(key, **row(1));
  const std::vector<absl::string_view> pttl = {"PTTL", key};
  const absl::StatusOr<Reply> left = co_await shared_client().call(pttl);
  CO_ASSERT_OK(left);
  EXPECT_GT(left->integer, 80'000);
  EXPECT_LE(left->integer, 110'000);
  co_await cache.close();
}

// A loader that has read the row, and is held back until somebody else has written.
struct SlowRead {
  explicit SlowRead(Lookup r) : result(std::move(r)) {
    auto [sender, receiver] = oneshot::channel<bool>();
    go.emplace(std::move(sender));
    wait.emplace(std::move(receiver));
  }
  Task<Lookup> read() {
    has_begun = true;
    (void)co_await wait->receive();
    co_return result;
  }

  Lookup result;
  bool has_begun = false;
  std::optional<oneshot::Sender<bool>> go;
  std::optional<oneshot::Receiver<bool>> wait;
};

Task<void> read_slowly(Cache& cache, std::string key, SlowRead& slow) {
  const auto load = [&slow] { return slow.read(); };
  expect_same(co_await cache.get(std::move(key), load), slow.result);
}

ASYNC_TEST(CacheOnRedis, DoesNotLetALateFillHideANewerWriteOfAnotherProcess) {
  Cache here(shared_client());
  Cache there(other_client());
  const std::string key = fresh_key();
  SlowRead slow(row(1));
  JoinSet<void> set(co_await this_task());
  set.spawn(read_slowly(here, key, slow));
  while (!slow.has_begun) (void)co_await sleep(1ms);
  co_await there.put(key, **row(2));
  slow.go->send(true);
  co_await set.join_next();
  co_await here.close();  // the late fill is over
  EXPECT_EQ(here.stats().fills, 1u);
  expect_same(co_await get(there, key, absl::InternalError("not asked")), row(2));
  co_await there.close();
}

ASYNC_TEST(CacheOnRedis, DoesNotLetALateFillBringBackADeletedRow) {
  Cache here(shared_client());
  Cache there(other_client());
  const std::string key = fresh_key();
  SlowRead slow(row(3));
  JoinSet<void> set(co_await this_task());
  set.spawn(read_slowly(here, key, slow));
  while (!slow.has_begun) (void)co_await sleep(1ms);
  co_await there.erase(key, 3);
  slow.go->send(true);
  co_await set.join_next();
  co_await here.close();
  expect_same(co_await get(there, key, absl::InternalError("not asked")), absent());
  co_await there.close();
}

ASYNC_TEST(CacheOnRedis, DoesNotLetALateMissHideANewRow) {
  Cache here(shared_client());
  Cache there(other_client());
  const std::string key = fresh_key();
  SlowRead slow(absent());
  JoinSet<void> set(co_await this_task());
  set.spawn(read_slowly(here, key, slow));
  while (!slow.has_begun) (void)co_await sleep(1ms);
  co_await there.put(key, **row(1));
  slow.go->send(true);
  co_await set.join_next();
  co_await here.close();
  expect_same(co_await get(there, key, absl::InternalError("not asked")), row(1));
  co_await there.close();
}

TEST(CacheOnRedisOutage, ReadsFromTheDatabaseAndWritesWhenRedisIsBack) {
  RedisServer server;
  Options options;
  options.address = server.options().address;
  Client client(options);
  const auto body = [](Client& c, RedisServer& redis) -> Task<void> {
    Cache cache(c);
    co_await cache.put("k", **row(1));
    redis.freeze();  // unlike a stopped one it still has the old row when it is back
    co_await cache.put("k", **row(2));
    expect_same(co_await get(cache, "k", row(2)), row(2));
    EXPECT_EQ(cache.stats().unsettled_writes, 1u);
    redis.thaw();
    const Context& context = co_await this_context();
    const TimePoint end = context.loop().now() + 5s;
    while (cache.stats().unsettled_writes > 0 && context.loop().now() < end) {
      expect_same(co_await get(cache, "k", row(2)), row(2));
      (void)co_await sleep(1ms);
    }
    expect_same(co_await get(cache, "k", absl::InternalError("not asked")), row(2));
    EXPECT_EQ(cache.stats().lost_writes, 0u);
    co_await cache.close();
  };
  ThreadLoop loop;
  loop.run(body(client, server));
}

}  // namespace
}  // namespace weir::redis
