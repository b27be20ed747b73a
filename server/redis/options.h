// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where Redis is and how patient we are with it.

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "async/time.h"
#include "server/log/sink.h"

namespace weir::redis {

struct Address {
  std::string host = "127.0.0.1";
  int port = 6379;
  std::string user;      // empty: the default user
  std::string password;  // empty: no AUTH. Never printed, by anything.
  int database = 0;

  // host:port/database, for logs.
  std::string printable() const;
};

// redis://[[user]:password@]host[:port][/database], percent-encoded where a part needs it; an IPv6
// address stands in brackets. INVALID_ARGUMENT says what is wrong without repeating the URL, which
// may hold a password.
absl::StatusOr<Address> parse_url(absl::string_view url);

struct Options {
  Address address;

  // Commands are pipelined, so one connection carries any load; a second one means that losing one
  // loses half. More only cost Redis.
  std::size_t connections = 2;

  // From the beginning of an attempt to the answer to its PING: TCP, AUTH and SELECT included.
  Duration connect_timeout = std::chrono::seconds(1);

  // How long a command may take in all. An earlier deadline of the caller's is honoured as well.
  Duration command_timeout = std::chrono::milliseconds(250);

  // A connection whose oldest reply is later than this is thrown away with all it carries.
  Duration stall_timeout = std::chrono::milliseconds(500);

  // Commands and bytes that wait or are under way, beyond which a command is refused at once.
  std::size_t max_commands = 20'000;
  std::size_t max_bytes = 64u << 20;

  // The breaker opens when this many commands in a row got no answer.
  int breaker_threshold = 5;

  // Delays between attempts to connect, see async/backoff.h. The cap bounds how long a Redis that
  // is back goes unnoticed. They begin anew after `healthy_after` without a failure.
  Duration backoff_base = std::chrono::milliseconds(50);
  Duration backoff_cap = std::chrono::seconds(1);
  Duration healthy_after = std::chrono::seconds(10);

  // Told of connections and outages. On the client's own thread: it must not block. No secret is in
  // it.
  log::Sink log;
};

}  // namespace weir::redis
