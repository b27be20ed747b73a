// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a Pool is told: where Postgres is, how many connections, how long anything may take.

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "async/time.h"
#include "server/log/sink.h"

namespace weir::postgres {

struct Options {
  // postgres://user:password@host:port/database?option=value, or libpq's "host=... port=...".
  // Secret: never logged. What it sets wins over what is set here.
  std::string url;
  // The same database without pgbouncer in between, for what needs a session of its own: LISTEN,
  // and the lock that migrations hold. Empty: `url`. Secret.
  std::string direct_url;
  std::string application_name = "weir";

  // Each connection is a thread here and a process in Postgres. The pool grows when work queues,
  // and shrinks when a connection has been idle for idle_timeout.
  std::size_t min_connections = 2;
  std::size_t max_connections = 8;
  Duration idle_timeout = std::chrono::minutes(5);
  // A connection older than this, give or take a fifth, is replaced between two jobs.
  Duration max_lifetime = std::chrono::minutes(30);

  // Jobs that may wait for a connection; more are UNAVAILABLE at once. Keys of a Loader have a
  // bound of their own.
  std::size_t max_queue = 1024;
  // The longest a job waits for a connection; then it is UNAVAILABLE.
  Duration acquire_timeout = std::chrono::seconds(1);

  Duration connect_timeout = std::chrono::seconds(2);
  // Per statement, whatever the deadline of who asks; enforced by Postgres and, should it not
  // answer, here.
  Duration statement_timeout = std::chrono::seconds(5);
  Duration lock_timeout = std::chrono::seconds(1);
  // How long a statement that was cancelled may take to end before its connection is cut.
  Duration cancel_timeout = std::chrono::milliseconds(500);

  // Of work that failed because it got in the way of other work, or that in its way.
  int conflict_retries = 3;

  // Between attempts to connect: a random part of a time that doubles from the first to the second.
  Duration min_backoff = std::chrono::milliseconds(50);
  Duration max_backoff = std::chrono::seconds(1);

  // Off for pgbouncer before 1.21 in transaction mode: statements are sent whole every time.
  bool prepare = true;
  // Off for pgbouncer, which refuses start-up options: the timeouts above are then enforced here
  // alone, and lock_timeout not at all.
  bool session_settings = true;

  // Called after each COMMIT, from the thread that sent it, before its caller is answered; also
  // when the answer never came. Must be quick.
  std::function<void()> committed;

  // Told of outages, of what Postgres itself warns of, and, as errors, of mistakes; called from any
  // thread. May name SQL and hosts, so not for clients.
  log::Sink log;
};

// The same for a connection that needs a session.
Options for_session(Options options);

}  // namespace weir::postgres
