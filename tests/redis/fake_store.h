// SPDX-License-Identifier: Apache-2.0
#pragma once

// FakeStore: what a cache wants of Redis, in memory and virtual time. Each operation takes effect
// somewhere within the time it takes, and may fail before or after that, as over a network.

#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/sleep.h"
#include "async/task.h"
#include "server/redis/entry.h"

namespace weir::redis {

struct FakeRedis {
  struct Stored {
    std::string bytes;
    TimePoint expires_at;
  };

  std::map<std::string, Stored> entries;
  bool is_down = false;
  double failure_rate = 0;
  Duration slowest = std::chrono::milliseconds(3);
  Duration put_delay{};  // in addition
  int gets = 0;
  int puts = 0;
  std::minstd_rand random{1};

  Task<void> take_time() {
    const auto ticks = std::uniform_int_distribution<Duration::rep>(0, slowest.count())(random);
    (void)co_await sleep(Duration(ticks));
  }
  bool fails() { return is_down || std::bernoulli_distribution(failure_rate)(random); }
};

class FakeStore {
 public:
  explicit FakeStore(FakeRedis& redis) : redis_(&redis) {}

  Task<absl::StatusOr<std::optional<std::string>>> get(std::string key) {
    ++redis_->gets;
    co_await redis_->take_time();
    if (redis_->fails()) co_return absl::UnavailableError("fake Redis is down");
    const std::optional<std::string> found = co_await live(key);
    co_await redis_->take_time();
    co_return found;
  }

  Task<absl::Status> put_if_newer(std::string key, std::string entry, Duration ttl) {
    ++redis_->puts;
    co_await redis_->take_time();
    (void)co_await sleep(redis_->put_delay);
    const Context& context = co_await this_context();
    if (context.is_cancelled()) co_return context.status();
    if (redis_->fails()) co_return absl::UnavailableError("fake Redis is down");
    const std::optional<std::string> old = co_await live(key);
    if (!old || order(*old) < order(entry)) {
      redis_->entries[key] = {entry, context.loop().now() + ttl};
    }
    co_await redis_->take_time();
    // It was done, but nobody hears of it.
    if (redis_->fails()) co_return absl::UnavailableError("fake Redis is down");
    co_return absl::OkStatus();
  }

 private:
  static std::pair<std::uint64_t, Entry::Kind> order(const std::string& stored) {
    const std::optional<Entry> entry = decode(stored);
    return {entry->version, entry->kind};
  }
  Task<std::optional<std::string>> live(const std::string& key) {
    const Context& context = co_await this_context();
    const auto at = redis_->entries.find(key);
    if (at == redis_->entries.end() || at->second.expires_at <= context.loop().now()) {
      co_return std::nullopt;
    }
    co_return at->second.bytes;
  }

  FakeRedis* redis_;
};

}  // namespace weir::redis
