// SPDX-License-Identifier: Apache-2.0

// What callers see while Redis is stopped, frozen or slow, and how soon it is over.

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join_set.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "server/redis/client.h"
#include "tests/redis/clients.h"
#include "tests/redis/held_client.h"
#include "tests/redis/redis_server.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;

// Whether Redis answers within `limit`.
Task<bool> answers_within(Client& client, Duration limit) {
  const Context& context = co_await this_context();
  const TimePoint end = context.loop().now() + limit;
  while (context.loop().now() < end) {
    const Value value = co_await client.get("probe");
    if (value.ok()) co_return true;
    (void)co_await sleep(2ms);
  }
  co_return false;
}

class Outage : public ::testing::Test {
 protected:
  RedisServer server_;
  ThreadLoop loop_;
};

TEST_F(Outage, ALateReplyIsDroppedAndTheNextOneGoesWhereItBelongs) {
  Options options = server_.options();
  options.command_timeout = 100ms;
  options.breaker_threshold = 1000;
  Client client(options);
  const auto body = [](Client& c, RedisServer& server) -> Task<void> {
    for (int i = 0; i < 10; ++i) {
      CO_ASSERT_OK(co_await c.set(absl::StrCat("k", i), absl::StrCat("v", i)));
    }
    server.freeze();
    const Context& context = co_await this_context();
    const TimePoint begin = context.loop().now();
    JoinSet<Value> gets(co_await this_task());
    for (int i = 0; i < 5; ++i) gets.spawn(get(c, absl::StrCat("k", i)));
    while (auto value = co_await gets.join_next()) {
      EXPECT_TRUE(absl::IsUnavailable(value->status())) << value->status();
    }
    EXPECT_GE(context.loop().now() - begin, 100ms);
    EXPECT_EQ(c.stats().timeouts, 5u);

    server.thaw();
    for (int i = 5; i < 10; ++i) {
      const Value value = co_await c.get(absl::StrCat("k", i));
      CO_ASSERT_OK(value);
      EXPECT_EQ(*value, absl::StrCat("v", i));
    }
    EXPECT_EQ(c.stats().connects, 1u);
  };
  loop_.run(body(client, server_));
}

TEST_F(Outage, ACallerThatIsToldToStopLeavesAtOnceAndTakesNobodysReply) {
  Client client(server_.options());
  const auto body = [](Client& c, RedisServer& server) -> Task<void> {
    for (int i = 0; i < 10; ++i) {
      CO_ASSERT_OK(co_await c.set(absl::StrCat("k", i), absl::StrCat("v", i)));
    }
    server.freeze();
    const auto check = [](Client& asked, int i) -> Task<absl::Status> {
      const Value value = co_await asked.get(absl::StrCat("k", i));
      if (value.ok()) {
        EXPECT_EQ(*value, absl::StrCat("v", i));
      }
      co_return value.status();
    };
    JoinSet<absl::Status> staying(co_await this_task());
    JoinSet<absl::Status> leaving(co_await this_task());
    for (int i = 0; i < 10; ++i) (i % 2 == 0 ? staying : leaving).spawn(check(c, i));
    while (c.stats().batches < 11 || c.stats().in_flight < 10) (void)co_await sleep(1ms);
    leaving.abort_all();
    while (auto status = co_await leaving.join_next()) EXPECT_TRUE(absl::IsCancelled(*status));
    EXPECT_EQ(c.stats().abandoned, 5u);  // and Redis is still frozen

    server.thaw();
    while (auto status = co_await staying.join_next()) CO_ASSERT_OK(*status);
    EXPECT_EQ(c.stats().connects, 1u);
  };
  loop_.run(body(client, server_));
}

TEST_F(Outage, AConnectionWhoseReplyIsOverdueIsThrownAway) {
  Options options = server_.options();
  options.stall_timeout = 200ms;
  Client client(options);
  const auto body = [](Client& c, RedisServer& server) -> Task<void> {
    CO_ASSERT_OK(co_await c.set("k", "v"));
    server.freeze();
    const Context& context = co_await this_context();
    const TimePoint begin = context.loop().now();
    const Value value = co_await c.get("k");
    EXPECT_TRUE(absl::IsUnavailable(value.status())) << value.status();
    EXPECT_GE(context.loop().now() - begin, 200ms);
    EXPECT_LT(context.loop().now() - begin, 5s);
    EXPECT_EQ(c.stats().lost, 1u);

    server.thaw();
    EXPECT_TRUE(co_await answers_within(c, 10s));
    EXPECT_EQ(c.stats().connects, 2u);
  };
  loop_.run(body(client, server_));
}

// Told to stop between the moment the I/O thread took it and the moment that thread gives it up: it
// is answered once, and nobody looks for it later.
TEST_F(Outage, ACallerMayBeToldToStopWhileItIsBeingAnswered) {
  Options options = server_.options();
  options.connect_timeout = 500ms;
  server_.freeze();
  HeldClient client(options, "cannot be reached");
  const auto body = [](HeldClient& c) -> Task<void> {
    JoinSet<Value> gets(co_await this_task());
    for (int i = 0; i < 10; ++i) gets.spawn(get(*c, "k"));
    const auto stop_them = [](JoinSet<Value>& all, HeldClient& held) -> Task<Value> {
      held.wait_until_held();  // until the connect timeout; it has taken the commands long before
      all.abort_all();
      held.let_go();
      co_return absl::UnavailableError("");
    };
    gets.spawn(stop_them(gets, c));
    while (auto value = co_await gets.join_next()) EXPECT_FALSE(value->ok());
    EXPECT_EQ(c->stats().in_flight, 0u);
    EXPECT_TRUE(absl::IsUnavailable((co_await c->get("k")).status()));
  };
  loop_.run(body(client));
  server_.thaw();
}

TEST_F(Outage, CommandsInARowWithoutAnAnswerOpenTheBreaker) {
  Options options = server_.options();
  options.command_timeout = 50ms;
  options.breaker_threshold = 3;
  Client client(options);
  const auto body = [](Client& c, RedisServer& server) -> Task<void> {
    CO_ASSERT_OK(co_await c.set("k", "v"));
    server.freeze();
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(c.is_available());
      EXPECT_TRUE(absl::IsUnavailable((co_await c.get("k")).status()));
    }
    EXPECT_FALSE(c.is_available());
    EXPECT_EQ(c.stats().timeouts, 3u);
    EXPECT_TRUE(absl::IsUnavailable((co_await c.get("k")).status()));
    EXPECT_EQ(c.stats().refused, 1u);
    server.thaw();
    EXPECT_TRUE(co_await answers_within(c, 5s));
    EXPECT_EQ(c.stats().connects, 2u);
  };
  loop_.run(body(client, server_));
}

TEST_F(Outage, AStoppedRedisCostsAnErrorAndNothingElse) {
  Options options;
  options.address = server_.options().address;
  options.breaker_threshold = 1'000'000;  // it opens because no connection can be made
  Client client(options);
  const auto body = [](Client& c, RedisServer& server) -> Task<void> {
    CO_ASSERT_OK(co_await c.set("k", "v"));
    server.stop();
    while (c.is_available()) {
      const Value value = co_await c.get("k");
      EXPECT_TRUE(absl::IsUnavailable(value.status())) << value.status();
      (void)co_await sleep(1ms);
    }
    EXPECT_NE(c.stats().breaker, Breaker::State::kClosed);
    const std::uint64_t commands = c.stats().commands;
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(absl::IsUnavailable((co_await c.get("k")).status()));
    }
    EXPECT_EQ(c.stats().commands, commands);

    server.start();
    EXPECT_TRUE(co_await answers_within(c, 2s));
    EXPECT_TRUE(c.is_available());
  };
  loop_.run(body(client, server_));
}

TEST_F(Outage, AClientMadeBeforeRedisIsThereFindsItWhenItComes) {
  server_.stop();
  Options options;
  options.address = server_.options().address;
  Client client(options);
  const auto body = [](Client& c, RedisServer& server) -> Task<void> {
    const Value value = co_await c.get("k");
    EXPECT_TRUE(absl::IsUnavailable(value.status())) << value.status();
    server.start();
    EXPECT_TRUE(co_await answers_within(c, 2s));
  };
  loop_.run(body(client, server_));
}

// Callers that never stop asking, on a loop and thread of their own.
class Load {
 public:
  explicit Load(Client& client) : thread_([this, &client] { run(client); }) {}
  ~Load() { stop(); }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::uint64_t answered() const { return answered_; }
  std::uint64_t failed() const { return failed_; }
  Duration longest() const { return longest_; }

  // Waits until the load has gone on for `time`.
  static void goes_on_for(Duration time) {
    const TimePoint end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }

  // Waits for `more` answers; false if they do not come within `limit`.
  bool waits_for(std::uint64_t more, Duration limit) const {
    const std::uint64_t target = answered_ + more;
    const TimePoint end = std::chrono::steady_clock::now() + limit;
    while (answered_ < target && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return answered_ >= target;
  }

 private:
  Task<void> ask(Client& client, std::string word) {
    const Context& context = co_await this_context();
    const std::vector<absl::string_view> echo = {"ECHO", word};
    while (!stopping_) {
      const TimePoint begin = context.loop().now();
      const absl::StatusOr<Reply> reply = co_await client.call(echo);
      longest_ = std::max(longest_, context.loop().now() - begin);
      if (reply.ok()) {
        EXPECT_EQ(reply->string, word);
        ++answered_;
      } else {
        EXPECT_TRUE(absl::IsUnavailable(reply.status())) << reply.status();
        ++failed_;
      }
      (void)co_await sleep(1ms);
    }
  }
  Task<void> ask_all(Client& client) {
    JoinSet<void> set(co_await this_task());
    for (int i = 0; i < 20; ++i) set.spawn(ask(client, absl::StrCat("word ", i)));
    while (co_await set.join_next()) {
    }
  }
  void run(Client& client) {
    ThreadLoop loop;
    loop.run(ask_all(client));
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  Duration longest_{};  // read after stop
  std::thread thread_;
};

TEST_F(Outage, ARedisFrozenForFiveSecondsUnderLoadHangsNobodyAndIsFoundAgain) {
  Options options;
  options.address = server_.options().address;
  Client client(options);
  Load load(client);
  ASSERT_TRUE(load.waits_for(100, 10s));
  server_.freeze();
  load.goes_on_for(5s);
  EXPECT_NE(client.stats().breaker, Breaker::State::kClosed);
  EXPECT_GT(load.failed(), 1000u);  // they were refused, not held
  server_.thaw();
  EXPECT_TRUE(load.waits_for(20, 2s));
  load.stop();
  EXPECT_LT(load.longest(), 2s);
  EXPECT_EQ(client.stats().in_flight, 0u);
}

TEST_F(Outage, ARedisRestartedUnderLoadIsFoundAgain) {
  Options options;
  options.address = server_.options().address;
  Client client(options);
  Load load(client);
  ASSERT_TRUE(load.waits_for(100, 10s));
  server_.stop();
  const std::uint64_t failed = load.failed();
  const TimePoint end = std::chrono::steady_clock::now() + 10s;
  while (load.failed() < failed + 100 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_GE(load.failed(), failed + 100);
  server_.start();
  EXPECT_TRUE(load.waits_for(20, 2s));
  load.stop();
}

}  // namespace
}  // namespace weir::redis
