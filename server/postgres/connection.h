// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: one session with Postgres, owned and used by one worker's thread.

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/postgres/counters.h"
#include "server/postgres/options.h"
#include "server/postgres/pqxx_compat.h"
#include "server/postgres/session.h"
#include "server/postgres/transaction.h"
#include "telemetry/span.h"

namespace weir::postgres::detail {

class Connection {
 public:
  // As connect (server/postgres/connect.h), the message of an error included.
  static absl::StatusOr<std::unique_ptr<Connection>> open(const Options& options, int stop_fd,
                                                          Session& session, Counters& counters);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Of the statements from now on: they are below the first of these spans and linked to the
  // others; none: they get no span.
  struct Tracing {
    std::vector<telemetry::SpanRef> spans = {};
    Duration queued{};      // until there was a connection; the first statement's span tells
    std::int64_t keys = 0;  // of a Loader's statement
  };
  void trace(Tracing tracing) { tracing_ = std::move(tracing); }

  // Throw what libpqxx throws, or StoppedError if the job that runs is to stop.
  Rows run(const Statement& statement, absl::Span<const Param> params);
  // Runs `body` between BEGIN and COMMIT, or ROLLBACK if it fails or the job is to stop.
  absl::Status run_in_transaction(Isolation isolation,
                                  absl::FunctionRef<absl::Status(Transaction&)> body);
  void copy_in(const char* sql, const CopyRows& rows);
  // For Transaction::nested.
  absl::Status run_nested(absl::FunctionRef<absl::Status()> work);
  // Several statements in one text, without parameters.
  void run_script(const std::string& sql);

  // For a connection that LISTENs: what it may be waited for by, and how many notifications of
  // other sessions came since the last time. Between statements.
  int socket() const { return PQsocket(raw_); }
  int take_notifications();

  // A round trip. False if the connection is of no use.
  bool verify();

  bool is_lost() const;
  // Open, and not inside a transaction.
  bool is_ready() const;
  // COMMIT was sent and the connection was lost before its answer.
  bool is_in_doubt() const { return in_doubt_; }
  // Another one is needed although it is open.
  void retire() { retired_ = true; }
  bool is_retired() const { return retired_; }

 private:
  Connection(PGconn* connection, const Options& options, Session& session, Counters& counters);
  void begin(Isolation isolation);
  void commit();
  void roll_back();
  struct Known {
    const char* sql;
    bool is_prepared;
    StatementCells* cells;
  };
  Known& know(const Statement& statement);
  Rows send(const Statement& statement, absl::Span<const Param> params);
  TimePoint statement_limit() const;
  void execute(const char* sql, bool is_cancellable);

  PGconn* const raw_;
  Session& session_;
  Counters& counters_;
  const bool prepare_;
  const Duration statement_timeout_;
  const Duration cancel_timeout_;
  const std::function<void()> committed_;
  PqxxSession pqxx_;
  absl::flat_hash_map<std::string_view, Known> known_;  // by name
  Tracing tracing_;
  bool in_doubt_ = false;
  bool retired_ = false;
};

}  // namespace weir::postgres::detail
