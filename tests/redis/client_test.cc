// SPDX-License-Identifier: Apache-2.0
#include "server/redis/client.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "async/join_set.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/redis/clients.h"
#include "tests/redis/held_client.h"
#include "tests/redis/redis_server.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<absl::string_view>;

Task<absl::Status> set(Client& client, std::string key, std::string value) {
  co_return co_await client.set(key, value);
}

ASYNC_TEST(Client, GetsWhatWasSet) {
  Client& client = shared_client();
  CO_ASSERT_OK(co_await client.set("k", "v"));
  const Value value = co_await client.get("k");
  CO_ASSERT_OK(value);
  EXPECT_EQ(*value, "v");
}

ASYNC_TEST(Client, TellsAMissingKeyFromAnEmptyValue) {
  Client& client = shared_client();
  CO_ASSERT_OK(co_await client.set("empty", ""));
  CO_ASSERT_OK(co_await client.del("missing"));
  const Value empty = co_await client.get("empty");
  const Value missing = co_await client.get("missing");
  CO_ASSERT_OK(empty);
  CO_ASSERT_OK(missing);
  EXPECT_EQ(*empty, "");
  EXPECT_EQ(*missing, std::nullopt);
}

ASYNC_TEST(Client, CarriesAnyBytesInKeysAndValues) {
  Client& client = shared_client();
  std::string key = "key:";
  std::string value;
  for (int byte = 0; byte < 256; ++byte) key += static_cast<char>(byte);
  for (int i = 0; i < 100'000; ++i) value += static_cast<char>(i * 7);
  CO_ASSERT_OK(co_await client.set(key, value));
  const Value found = co_await client.get(key);
  CO_ASSERT_OK(found);
  EXPECT_TRUE(*found == value);
}

ASYNC_TEST(Client, SetsATimeToLive) {
  Client& client = shared_client();
  CO_ASSERT_OK(co_await client.set("mortal", "v", 90s));
  const Words pttl = {"PTTL", "mortal"};
  const absl::StatusOr<Reply> left = co_await client.call(pttl);
  CO_ASSERT_OK(left);
  EXPECT_GT(left->integer, 60'000);
  EXPECT_LE(left->integer, 90'000);
}

ASYNC_TEST(Client, DeletesAndSaysHowMany) {
  Client& client = shared_client();
  CO_ASSERT_OK(co_await client.set("k", "v"));
  const absl::StatusOr<std::int64_t> first = co_await client.del("k");
  const absl::StatusOr<std::int64_t> second = co_await client.del("k");
  CO_ASSERT_OK(first);
  CO_ASSERT_OK(second);
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(*second, 0);
}

ASYNC_TEST(Client, TurnsErrorRepliesIntoStatuses) {
  Client& client = shared_client();
  const Words push = {"LPUSH", "list", "x"};
  CO_ASSERT_OK(co_await client.call(push));
  EXPECT_TRUE(absl::IsFailedPrecondition((co_await client.get("list")).status()));
  const Words nonsense = {"NONSENSE"};
  EXPECT_TRUE(absl::IsInternal((co_await client.call(nonsense)).status()));
  CO_ASSERT_OK(co_await client.set("k", "still in step"));
  const Value value = co_await client.get("k");
  CO_ASSERT_OK(value);
  EXPECT_EQ(*value, "still in step");
}

ASYNC_TEST(Client, ReadsNestedReplies) {
  Client& client = shared_client();
  const Words command = {"EVAL", "return {1, 'two', {3, false}}", "0"};
  const absl::StatusOr<Reply> reply = co_await client.call(command);
  CO_ASSERT_OK(reply);
  CO_ASSERT_TRUE(reply->items.size() == 3);
  EXPECT_EQ(reply->items[0].integer, 1);
  EXPECT_EQ(reply->items[1].string, "two");
  CO_ASSERT_TRUE(reply->items[2].items.size() == 2);
  EXPECT_EQ(reply->items[2].items[1].kind, Reply::Kind::kNil);
}

ASYNC_TEST(Client, RunsAScriptThatRedisHasForgotten) {
  Client& client = shared_client();
  Script script("return {KEYS[1], ARGV[1]}");
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::string> keys = {"key"};
    const std::vector<std::string> arguments = {absl::StrCat(i)};
    const absl::StatusOr<Reply> reply = co_await client.eval(script, keys, arguments);
    CO_ASSERT_OK(reply);
    EXPECT_EQ(reply->items[0].string, "key");
    EXPECT_EQ(reply->items[1].string, absl::StrCat(i));
    const Words flush = {"SCRIPT", "FLUSH"};
    CO_ASSERT_OK(co_await client.call(flush));
  }
}

ASYNC_TEST(Client, AnswersEachCallerWithItsOwnReply) {
  Client& client = shared_client();
  JoinSet<absl::Status> sets(co_await this_task());
  for (int i = 0; i < 50; ++i) sets.spawn(set(client, absl::StrCat("k", i), absl::StrCat("v", i)));
  while (auto status = co_await sets.join_next()) CO_ASSERT_OK(*status);
  const auto check = [](Client& c, int i) -> Task<void> {
    const Value value = co_await get(c, absl::StrCat("k", i));
    CO_ASSERT_OK(value);
    EXPECT_EQ(*value, absl::StrCat("v", i));
  };
  JoinSet<void> gets(co_await this_task());
  for (int i = 0; i < 50; ++i) gets.spawn(check(client, i));
  while (co_await gets.join_next()) {
  }
}

// Those who leave, at whatever moment the seed makes of it, do not shift the replies of those who
// stay.
ASYNC_TEST(Client, KeepsItsRepliesInOrderWhenCallersLeave) {
  Client& client = shared_client();
  const auto check = [](Client& c, int i) -> Task<bool> {
    const std::string mine = absl::StrCat("mine ", i);
    const Words echo = {"ECHO", mine};
    const absl::StatusOr<Reply> reply = co_await c.call(echo);
    if (reply.ok()) {
      EXPECT_EQ(reply->string, mine);
    }
    EXPECT_TRUE(reply.ok() || absl::IsCancelled(reply.status())) << reply.status();
    co_return reply.ok();
  };
  JoinSet<bool> staying(co_await this_task());
  JoinSet<bool> leaving(co_await this_task());
  for (int i = 0; i < 40; ++i) (i % 3 == 0 ? leaving : staying).spawn(check(client, i));
  const auto abort = [&leaving]() -> Task<bool> {
    leaving.abort_all();
    co_return true;
  };
  staying.spawn(abort());
  while (auto answered = co_await staying.join_next()) EXPECT_TRUE(*answered);
  while (co_await leaving.join_next()) {
  }
}

TEST(ClientUnderHold, WritesAllThatWaitInOneGo) {
  Options options = RedisServer::shared().options();
  options.max_commands = 2000;
  HeldClient client(options);
  client.wait_until_held();
  ThreadLoop loop;
  const auto body = [](HeldClient& c) -> Task<void> {
    JoinSet<absl::Status> sets(co_await this_task());
    for (int i = 0; i < 1000; ++i) sets.spawn(set(*c, absl::StrCat("k", i), "v"));
    const auto let_go = [](HeldClient& held) -> Task<absl::Status> {
      EXPECT_EQ(held->stats().in_flight, 1000u);
      held.let_go();
      co_return absl::OkStatus();
    };
    sets.spawn(let_go(c));  // begins after the others: they are all waiting by then
    while (auto status = co_await sets.join_next()) CO_ASSERT_OK(*status);
    EXPECT_EQ(c->stats().commands, 1000u);
    EXPECT_EQ(c->stats().batches, 1u);
    EXPECT_EQ(c->stats().in_flight, 0u);
  };
  loop.run(body(client));
}

TEST(ClientUnderHold, RefusesAtOnceWhatIsBeyondItsBounds) {
  Options options = RedisServer::shared().options();
  options.max_commands = 10;
  HeldClient client(options);
  client.wait_until_held();
  ThreadLoop loop;
  const auto body = [](HeldClient& c) -> Task<void> {
    JoinSet<absl::Status> sets(co_await this_task());
    for (int i = 0; i < 30; ++i) sets.spawn(set(*c, "k", "v"));
    int refused = 0;
    for (; refused < 20; ++refused) {
      const auto status = co_await sets.join_next();
      EXPECT_TRUE(absl::IsUnavailable(*status)) << *status;
    }
    EXPECT_EQ(c->stats().refused, 20u);
    c.let_go();
    while (auto status = co_await sets.join_next()) EXPECT_TRUE(status->ok()) << *status;
    // And there is room again.
    const absl::Status after = co_await c->set("k", "v");
    EXPECT_TRUE(after.ok()) << after;
  };
  loop.run(body(client));
}

TEST(ClientUnderHold, CountsBytesAsWell) {
  Options options = RedisServer::shared().options();
  options.max_bytes = 1'000'000;
  HeldClient client(options);
  client.wait_until_held();
  ThreadLoop loop;
  const auto body = [](HeldClient& c) -> Task<void> {
    const std::string large(400'000, 'x');
    JoinSet<absl::Status> sets(co_await this_task());
    for (int i = 0; i < 4; ++i) sets.spawn(set(*c, "large", large));
    const auto refused = co_await sets.join_next();
    EXPECT_TRUE(absl::IsUnavailable(*refused)) << *refused;
    c.let_go();
    while (auto status = co_await sets.join_next()) EXPECT_TRUE(status->ok()) << *status;
  };
  loop.run(body(client));
}

TEST(ClientUnderHold, LetsACallerGoThatIsToldToStop) {
  HeldClient client(RedisServer::shared().options());
  client.wait_until_held();
  ThreadLoop loop;
  const auto body = [](HeldClient& c) -> Task<void> {
    // Held, it cannot answer: what is told to stop now is answered when it is let go, and first of
    // all.
    JoinSet<Value> gets(co_await this_task());
    for (int i = 0; i < 5; ++i) gets.spawn(get(*c, "k"));
    const auto stop_them = [](JoinSet<Value>& all, HeldClient& held) -> Task<Value> {
      all.abort_all();
      held.let_go();
      co_return std::nullopt;
    };
    gets.spawn(stop_them(gets, c));
    int cancelled = 0;
    while (auto value = co_await gets.join_next()) cancelled += absl::IsCancelled(value->status());
    EXPECT_EQ(cancelled, 5);
    EXPECT_EQ(c->stats().abandoned, 5u);
    EXPECT_EQ(c->stats().in_flight, 0u);
  };
  loop.run(body(client));
}

ASYNC_TEST(Client, DoesNotSendForACallerThatWasToldToStopBefore) {
  Client& client = shared_client();
  const std::uint64_t before = client.stats().commands;
  JoinSet<Value> gets(co_await this_task());
  gets.abort_all();
  gets.spawn(get(client, "k"));
  const auto value = co_await gets.join_next();
  EXPECT_TRUE(absl::IsCancelled(value->status()));
  EXPECT_EQ(client.stats().commands, before);
}

TEST(Client, AnswersAllWhoWaitWhenItIsClosed) {
  HeldClient client(RedisServer::shared().options());
  client.wait_until_held();
  ThreadLoop loop;
  const auto body = [](HeldClient& c) -> Task<void> {
    JoinSet<Value> gets(co_await this_task());
    for (int i = 0; i < 100; ++i) gets.spawn(get(*c, "k"));
    const auto close = [](HeldClient& held) -> Task<Value> {
      held->close();
      held.let_go();
      co_return absl::UnavailableError("");
    };
    gets.spawn(close(c));
    while (auto value = co_await gets.join_next()) {
      EXPECT_TRUE(value->ok() || absl::IsUnavailable(value->status())) << value->status();
    }
    EXPECT_TRUE(absl::IsUnavailable((co_await c->get("k")).status()));
    EXPECT_FALSE(c->is_available());
    EXPECT_EQ(c->stats().in_flight, 0u);
  };
  loop.run(body(client));
}

TEST(Client, ServesManyLoopsAtOnce) {
  Options options = RedisServer::shared().options();
  options.connections = 3;
  Client client(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&client, t] {
      const auto caller = [](Client& c, std::string key) -> Task<void> {
        for (int i = 0; i < 50; ++i) {
          const std::string value = absl::StrCat(key, "=", i);
          CO_ASSERT_OK(co_await c.set(key, value));
          const Value found = co_await c.get(key);
          CO_ASSERT_OK(found);
          EXPECT_EQ(*found, value);
        }
      };
      const auto body = [&caller](Client& c, int thread) -> Task<void> {
        JoinSet<void> callers(co_await this_task());
        for (int i = 0; i < 8; ++i) callers.spawn(caller(c, absl::StrCat("loop", thread, ":", i)));
        while (co_await callers.join_next()) {
        }
      };
      ThreadLoop loop;
      loop.run(body(client, t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(client.stats().commands, 4u * 8 * 50 * 2);
}

TEST(Client, FindsRedisByName) {
  Options options = RedisServer::shared().options();
  options.address.host = "localhost";
  Client client(options);
  ThreadLoop loop;
  const absl::Status status = loop.run(set(client, "k", "v"));
  EXPECT_TRUE(status.ok()) << status;
}

TEST(Client, SpeaksToTheDatabaseItWasGiven) {
  Options options = RedisServer::shared().options();
  options.address.database = 7;
  Client seventh(options);
  Client first(RedisServer::shared().options());
  ThreadLoop loop;
  const auto body = [](Client& a, Client& b) -> Task<void> {
    CO_ASSERT_OK(co_await a.set("where", "seven"));
    CO_ASSERT_OK(co_await b.set("where", "zero"));
    const Value value = co_await a.get("where");
    CO_ASSERT_OK(value);
    EXPECT_EQ(*value, "seven");
  };
  loop.run(body(seventh, first));
}

TEST(Client, IsNotKilledByASocketThatRedisHasClosed) {
  std::atomic<bool> is_blocked = false;
  Options options = RedisServer::shared().options();
  options.log = [&is_blocked](log::Level, std::string_view,
                              log::Fields) {  // on the thread that writes
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    is_blocked = ::sigismember(&blocked, SIGPIPE) == 1;
  };
  Client client(options);
  ThreadLoop loop;
  EXPECT_TRUE(loop.run(set(client, "k", "v")).ok());
  EXPECT_TRUE(is_blocked);
}

// Collects what a client reports; from its thread.
class Events {
 public:
  auto collector() {
    return [this](log::Level, std::string_view message, log::Fields fields) {
      std::lock_guard lock(mutex_);
      absl::StrAppend(&text_, std::string(message), "\n");
      for (const auto& [name, value] : fields) {
        if (const auto* text = std::get_if<std::string_view>(&value.of())) {
          absl::StrAppend(&text_, std::string(*text), "\n");
        }
      }
    };
  }
  std::string text() const {
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

TEST(Client, IsUnavailableWithAWrongPasswordAndDoesNotShowIt) {
  Events events;
  Options options = RedisServer::shared().options();
  options.address.password = "open sesame";
  options.log = events.collector();
  Client client(options);
  ThreadLoop loop;
  const absl::Status status = loop.run(set(client, "k", "v"));
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  client.close();
  EXPECT_THAT(events.text(), ::testing::HasSubstr("WRONGPASS"));
  EXPECT_THAT(events.text(), ::testing::Not(::testing::HasSubstr("sesame")));
  EXPECT_THAT(status.ToString(), ::testing::Not(::testing::HasSubstr("sesame")));
}

}  // namespace
}  // namespace weir::redis
