// SPDX-License-Identifier: Apache-2.0
#include "server/redis/client.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/redis/io_thread.h"

namespace weir::redis {
namespace {

std::vector<absl::string_view> eval_words(absl::string_view verb, absl::string_view script,
                                          absl::string_view key_count,
                                          const std::vector<std::string>& keys,
                                          const std::vector<std::string>& arguments) {
  std::vector<absl::string_view> words = {verb, script, key_count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

Client::Client(Options options) : io_(std::make_unique<IoThread>(std::move(options))) {}

Client::~Client() = default;

Get Client::get(absl::string_view key, Where where) { return Get(io_->inbox(), key, where); }

Set Client::set(absl::string_view key, absl::string_view value, Duration ttl, Where where) {
  return Set(io_->inbox(), key, value, ttl, where);
}

Del Client::del(absl::string_view key, Where where) { return Del(io_->inbox(), key, where); }

Call Client::call(absl::Span<const absl::string_view> command, Where where) {
  return Call(io_->inbox(), command, where);
}

Task<absl::StatusOr<Reply>> Client::eval(Script& script, std::vector<std::string> keys,
                                         std::vector<std::string> arguments) {
  const std::string key_count = absl::StrCat(keys.size());
  std::string digest = script.digest();
  if (digest.empty()) {
    // Redis computes the digest: nothing here needs to know what SHA1 is.
    const std::array<absl::string_view, 3> load = {"SCRIPT", "LOAD", script.lua()};
    absl::StatusOr<Reply> loaded = co_await call(load);
    if (!loaded.ok()) co_return loaded;
    digest = std::move(loaded->string);
    script.set_digest(digest);
  }
  const auto by_digest = eval_words("EVALSHA", digest, key_count, keys, arguments);
  absl::StatusOr<Reply> reply = co_await call(by_digest);
  // Redis forgets its scripts when it restarts. EVAL teaches it again.
  if (reply.ok() || !absl::StrContains(reply.status().message(), "NOSCRIPT")) co_return reply;
  const auto in_full = eval_words("EVAL", script.lua(), key_count, keys, arguments);
  co_return co_await call(in_full);
}

void Client::close() { io_->inbox().close(); }

ClientStats Client::stats() const { return io_->stats(); }

const telemetry::Histogram& Client::command_times() const { return io_->command_times(); }

bool Client::is_available() const { return io_->breaker().admits() && !io_->inbox().is_closed(); }

}  // namespace weir::redis
