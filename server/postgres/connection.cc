// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/connection.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/postgres/connect.h"
#include "server/postgres/errors.h"

namespace weir::postgres::detail {
namespace {

// While a statement runs the session knows, so that others can cancel it or cut it off.
class Running {
 public:
  Running(Session& session, TimePoint limit, bool is_cancellable) : session_(session) {
    session_.statement_began(limit, is_cancellable);
  }
  ~Running() { session_.statement_ended(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Session& session_;
};

class Timed {
 public:
  explicit Timed(StatementCells& cells) : cells_(cells) {}
  ~Timed() {
    cells_.time.add(std::chrono::steady_clock::now() - began_);
    if (std::uncaught_exceptions() > exceptions_) cells_.failures.add();
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  StatementCells& cells_;
  const int exceptions_ = std::uncaught_exceptions();
  const TimePoint began_ = std::chrono::steady_clock::now();
};

const char* begin_statement(Isolation isolation) {
  switch (isolation) {
    case Isolation::kReadCommitted:
      return "BEGIN ISOLATION LEVEL READ COMMITTED";
    case Isolation::kRepeatableRead:
      return "BEGIN ISOLATION LEVEL REPEATABLE READ";
    case Isolation::kSerializable:
      return "BEGIN ISOLATION LEVEL SERIALIZABLE";
  }
  return "BEGIN";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::open(const Options& options, int stop_fd,
                                                             Session& session, Counters& counters) {
  absl::StatusOr<OwnedConnection> connection = connect(options, stop_fd);
  if (!connection.ok()) return connection.status();
  try {
    return std::unique_ptr<Connection>(
        new Connection(connection->release(), options, session, counters));
  } catch (const std::exception& error) {
    // libpqxx would not have it: the server is from before its time.
    return absl::UnavailableError(error.what());
  }
}

Connection::Connection(PGconn* connection, const Options& options, Session& session,
                       Counters& counters)
    : raw_(connection),
      session_(session),
      counters_(counters),
      prepare_(options.prepare),
      statement_timeout_(options.statement_timeout),
      cancel_timeout_(options.cancel_timeout),
      committed_(options.committed),
      pqxx_(connection) {
  session_.attach(raw_);
}

// The session lets go of the descriptor before pqxx_ closes it and the kernel gives it to another.
Connection::~Connection() { session_.detach(); }

// Postgres ends a statement at its timeout. From here it is ended a moment later, in case that
// Postgres was not told to (session_settings) or cannot.
TimePoint Connection::statement_limit() const {
  constexpr Duration kMoment = std::chrono::milliseconds(50);
  const TimePoint timeout = saturating_add(std::chrono::steady_clock::now(), statement_timeout_);
  return saturating_add(timeout, kMoment);
}

Rows Connection::run(const Statement& statement, absl::Span<const Param> params) {
  session_.throw_if_stopped();
  if (tracing_.spans.empty()) return send(statement, params);
  // OpenTelemetry's OTEL_SPAN_LINK_COUNT_LIMIT.
  constexpr std::size_t kMaxLinks = 128;
  Span span(tracing_.spans.front(), statement.name, Span::Kind::kClient);
  span.set("db.system.name", "postgresql");
  span.set("db.namespace", PQdb(raw_));
  span.set("server.address", PQhost(raw_));
  span.set("db.query.summary", statement.name);
  span.set("db.query.text", statement.sql);  // parameters are not in it
  if (tracing_.keys > 0) span.set("db.operation.batch.size", tracing_.keys);
  const Duration queued = std::exchange(tracing_.queued, Duration::zero());
  if (queued > Duration::zero()) span.set("weir.queue_us", queued);
  const std::size_t links = std::min(tracing_.spans.size(), kMaxLinks + 1);
  for (std::size_t i = 1; i < links; ++i) span.link(tracing_.spans[i].context);
  try {
    return send(statement, params);
  } catch (const std::exception& error) {
    const std::string sqlstate = pqxx_sqlstate(error);
    if (!sqlstate.empty()) span.set("db.response.status_code", sqlstate);
    span.fail(sqlstate.empty() ? "connection" : sqlstate);
    throw;
  }
}

Rows Connection::send(const Statement& statement, absl::Span<const Param> params) {
  const Running running(session_, statement_limit(), true);
  count(counters_.statements);
  Known& known = know(statement);
  const Timed timed(*known.cells);
  if (!prepare_) return Rows(pqxx_.run(statement.sql, params));
  if (!known.is_prepared) {
    pqxx_.prepare(statement.name, statement.sql);
    known.is_prepared = true;
  }
  return Rows(pqxx_.run_prepared(statement.name, params));
}

Connection::Known& Connection::know(const Statement& statement) {
  const auto at = known_.find(statement.name);
  if (at == known_.end()) {
    StatementCells& cells = counters_.by_statement.of(statement.name);
    return known_.emplace(statement.name, Known{statement.sql, false, &cells}).first->second;
  }
  if (at->second.sql != statement.sql && std::strcmp(at->second.sql, statement.sql) != 0) {
    throw std::logic_error(absl::StrCat("two statements are called ", statement.name));
  }
  return at->second;
}

void Connection::execute(const char* sql, bool is_cancellable) {
  const Running running(session_, statement_limit(), is_cancellable);
  pqxx_.run_script(sql);
}

void Connection::begin(Isolation isolation) {
  session_.throw_if_stopped();
  execute(begin_statement(isolation), true);
}

void Connection::commit() {
  if (PQtransactionStatus(raw_) == PQTRANS_INERROR) {
    // Postgres would answer COMMIT with ROLLBACK, and no error.
    throw std::logic_error("the function caught the exception of a statement that failed");
  }
  session_.throw_if_stopped();
  try {
    execute("COMMIT", true);
  } catch (...) {
    in_doubt_ = is_lost();
    if (in_doubt_ && committed_) committed_();
    throw;
  }
  if (committed_) committed_();
}

// What it fails to roll back is rolled back by Postgres when the connection is thrown away.
void Connection::roll_back() {
  if (is_lost()) return;
  try {
    execute("ROLLBACK", false);  // not cancellable: it is what comes after a cancel, and soon done
  } catch (const std::exception&) {
    retired_ = true;
  }
}

absl::Status Connection::run_in_transaction(Isolation isolation,
                                            absl::FunctionRef<absl::Status(Transaction&)> body) {
  begin(isolation);
  try {
    Transaction transaction(*this);
    absl::Status status = body(transaction);
    if (status.ok()) {
      commit();
    } else {
      roll_back();
    }
    return status;
  } catch (...) {
    roll_back();
    throw;
  }
}

void Connection::copy_in(const char* sql, const CopyRows& rows) {
  session_.throw_if_stopped();
  const Running running(session_, statement_limit(), true);
  count(counters_.statements);
  libpq_copy_in(raw_, sql, rows.data());
}

absl::Status Connection::run_nested(absl::FunctionRef<absl::Status()> work) {
  execute("SAVEPOINT nested", true);
  absl::Status status;
  try {
    status = work();
    if (status.ok()) {
      execute("RELEASE nested", true);
      return status;
    }
  } catch (const StoppedError&) {
    throw;
  } catch (const std::exception& error) {
    if (is_lost()) throw;
    status = to_status(error);
    if (PQtransactionStatus(raw_) != PQTRANS_INERROR) throw;  // it was not Postgres that failed
  }
  // Not cancellable: if the job is to stop, its next statement says so.
  execute("ROLLBACK TO nested", false);
  execute("RELEASE nested", false);
  return status;
}

void Connection::run_script(const std::string& sql) { execute(sql.c_str(), true); }

int Connection::take_notifications() {
  PQconsumeInput(raw_);  // if it fails, the connection is lost, and that shows
  int count = 0;
  while (PGnotify* notification = PQnotifies(raw_)) {
    if (notification->be_pid != PQbackendPID(raw_)) ++count;
    PQfreemem(notification);
  }
  return count;
}

bool Connection::verify() {
  const Running running(session_, saturating_add(std::chrono::steady_clock::now(), cancel_timeout_),
                        false);
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      pqxx_.run_script("SELECT 1");
      return is_ready();
    } catch (const std::exception&) {
      // The first may have met the cancel it was sent to meet.
      if (!is_ready()) return false;
    }
  }
  return false;
}

bool Connection::is_lost() const { return PQstatus(raw_) != CONNECTION_OK; }

bool Connection::is_ready() const {
  return !is_lost() && !retired_ && PQtransactionStatus(raw_) == PQTRANS_IDLE;
}

}  // namespace weir::postgres::detail

namespace weir::postgres {

Rows Transaction::run_with(const Statement& statement, absl::Span<const Param> params) {
  return connection_.run(statement, params);
}

void Transaction::copy(const char* sql, const CopyRows& rows) { connection_.copy_in(sql, rows); }

absl::Status Transaction::nested(absl::FunctionRef<absl::Status()> work) {
  return connection_.run_nested(work);
}

}  // namespace weir::postgres
