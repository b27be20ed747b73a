// SPDX-License-Identifier: Apache-2.0
#pragma once

// Client: commands to one Redis, pipelined, from any number of event loops. Tokio: redis-rs with a
// ConnectionManager.
//
//     redis::Client client(options);
//     absl::StatusOr<std::optional<std::string>> value = co_await client.get("user:42");
//
// All loops share a few connections, which belong to one thread of the client's own. That thread
// takes all commands that wait, writes them in one go, and hands the replies back by one post per
// loop and batch. The constructor does not wait for a connection, and no call ever blocks.
//
// Every await is answered, exactly once:
//   a value              Redis answered
//   CANCELLED,           the caller was told to stop: at once; the reply, if the command was sent,
//   DEADLINE_EXCEEDED    is discarded when it comes
//   UNAVAILABLE          no answer within command_timeout, or the connection broke, and Redis may
//                        or may not have done it; or, at once, too much is under way or the
//                        breaker is open
//   others               Redis answered with an error, see reply.h
// While Redis is gone or frozen the breaker is open and a command costs its caller an error and
// nothing else.
//
// Trap: a command's arguments are copied when the call is made, not when it is awaited. The client
// must outlive every co_await on it: `close` answers them all, then let the loops run, then
// destroy.

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "async/task.h"
#include "server/redis/breaker.h"
#include "server/redis/command.h"
#include "server/redis/options.h"
#include "server/redis/script.h"
#include "telemetry/cells.h"

namespace weir::redis {

struct ClientStats {
  std::uint64_t commands = 0;   // accepted
  std::uint64_t refused = 0;    // breaker open, or too much under way
  std::uint64_t timeouts = 0;   // no answer within command_timeout
  std::uint64_t lost = 0;       // the connection broke under them
  std::uint64_t abandoned = 0;  // their callers were told to stop
  std::uint64_t batches = 0;    // writes that carried commands
  std::uint64_t connects = 0;   // connections that became ready
  std::size_t in_flight = 0;    // now, queued ones included
  std::size_t ready_connections = 0;
  Breaker::State breaker = Breaker::State::kClosed;
};

class IoThread;

class Client {
 public:
  explicit Client(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  using Where = std::source_location;

  // co_await yields StatusOr<optional<string>>: nullopt if there is no such key.
  [[nodiscard]] Get get(absl::string_view key, Where where = Where::current());

  // co_await yields Status. `ttl` is rounded up to a millisecond; zero: for ever.
  [[nodiscard]] Set set(absl::string_view key, absl::string_view value,
                        Duration ttl = Duration::zero(), Where where = Where::current());

  // co_await yields StatusOr<int64>: how many of the keys there were.
  [[nodiscard]] Del del(absl::string_view key, Where where = Where::current());

  // Any command and its arguments. co_await yields StatusOr<Reply>; an error reply is a status.
  // Never one that blocks (BLPOP) or changes what the connection is (SUBSCRIBE, MULTI, SELECT): the
  // connection is shared.
  [[nodiscard]] Call call(absl::Span<const absl::string_view> command,
                          Where where = Where::current());

  // Runs `script`, by its digest if Redis may know it.
  Task<absl::StatusOr<Reply>> eval(Script& script, std::vector<std::string> keys,
                                   std::vector<std::string> arguments);

  // Answers all who wait with UNAVAILABLE, and all who come later; returns at once. Any thread.
  void close();

  ClientStats stats() const;
  // Of commands that were answered, from when the client's thread took them.
  const telemetry::Histogram& command_times() const;
  // Whether commands are accepted. For those who would rather not build one in vain.
  bool is_available() const;

 private:
  std::unique_ptr<IoThread> io_;
};

}  // namespace weir::redis
