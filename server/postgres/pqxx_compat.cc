// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/pqxx_compat.h"

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/version>
#include <vector>

#if PQXX_VERSION_MAJOR < 7
#include <pqxx/connection_base>
#include <pqxx/connectionpolicy>
#include <pqxx/prepared_statement>
// inhibit_reactivation is deprecated in 6.4 because 7 never reactivates, which is what we ask for.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#else
#include <pqxx/params>
#include <pqxx/prepared_statement>
#endif

namespace weir::postgres::detail {

#if PQXX_VERSION_MAJOR < 7

namespace {

// A policy whose connection exists already.
class AdoptPolicy final : public pqxx::connectionpolicy {
 public:
  explicit AdoptPolicy(PGconn* connection)
      : connectionpolicy(std::string()), adopted_(connection) {}

  handle do_startconnect(handle) override { return adopted_; }
  handle do_completeconnect(handle connection) override { return connection; }
  handle do_dropconnect(handle connection) noexcept override { return connection; }
  handle do_disconnect(handle connection) noexcept override {
    if (connection != nullptr) PQfinish(connection);
    adopted_ = nullptr;
    return nullptr;
  }
  bool is_ready(handle connection) const noexcept override {
    return connection != nullptr && PQstatus(connection) == CONNECTION_OK;
  }

 private:
  handle adopted_;
};

// Before the connection among the bases, so that it is there when the connection asks it.
struct HoldsPolicy {
  explicit HoldsPolicy(PGconn* connection) : policy(connection) {}
  AdoptPolicy policy;
};

}  // namespace

class PqxxSession::Adopted final : HoldsPolicy, public pqxx::connection_base {
 public:
  explicit Adopted(PGconn* connection) : HoldsPolicy(connection), connection_base(policy) {
    init();
    // A lost session is an error, not silently another session without its settings.
    inhibit_reactivation(true);
  }
  ~Adopted() { close(); }
};

namespace {

auto arguments(absl::Span<const Param> params, std::vector<const char*>& values) {
  values.reserve(params.size());
  for (const Param& param : params) values.push_back(param.c_str());
  return pqxx::prepare::make_dynamic_params(values.begin(), values.end());
}

}  // namespace

void PqxxSession::prepare(const char* name, const char* sql) {
  connection_->prepare(name, sql);
  connection_->prepare_now(name);
}

pqxx::result PqxxSession::run_prepared(const char* name, absl::Span<const Param> params) {
  std::vector<const char*> values;
  return statements_->exec_prepared(name, arguments(params, values));
}

pqxx::result PqxxSession::run(const char* sql, absl::Span<const Param> params) {
  std::vector<const char*> values;
  return statements_->exec_params(sql, arguments(params, values));
}

#else

class PqxxSession::Adopted final : public pqxx::connection {
 public:
  explicit Adopted(PGconn* raw) : pqxx::connection(pqxx::connection::seize_raw_connection(raw)) {}
};

namespace {

pqxx::params arguments(absl::Span<const Param> params) {
  pqxx::params values;
  values.reserve(params.size());
  for (const Param& param : params) {
    if (param.c_str() == nullptr) {
      values.append();
    } else {
      values.append(pqxx::zview(param.c_str()));  // not copied
    }
  }
  return values;
}

}  // namespace

void PqxxSession::prepare(const char* name, const char* sql) { connection_->prepare(name, sql); }

pqxx::result PqxxSession::run_prepared(const char* name, absl::Span<const Param> params) {
  return statements_->exec(pqxx::prepped(name), arguments(params));
}

pqxx::result PqxxSession::run(const char* sql, absl::Span<const Param> params) {
  return statements_->exec(sql, arguments(params));
}

#endif

PqxxSession::PqxxSession(PGconn* connection)
    : connection_(std::make_unique<Adopted>(connection)),
      statements_(std::make_unique<pqxx::nontransaction>(*connection_)) {}

PqxxSession::~PqxxSession() = default;

void PqxxSession::run_script(const std::string& sql) { statements_->exec(sql); }

namespace {

using Result = std::unique_ptr<PGresult, void (*)(PGresult*)>;

[[noreturn]] void throw_as_pqxx(PGconn* connection, const PGresult* result, const char* sql) {
  const std::string message = PQerrorMessage(connection);
  const char* const sqlstate =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (sqlstate == nullptr) throw pqxx::broken_connection(message);
  throw pqxx::sql_error(message, sql, sqlstate);
}

}  // namespace

void libpq_copy_in(PGconn* connection, const char* sql, std::string_view data) {
  {
    const Result begun(PQexec(connection, sql), &PQclear);
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN) throw_as_pqxx(connection, begun.get(), sql);
  }
  constexpr char kTrailer[] = {'\377', '\377'};
  // What Postgres says of the data comes with the result, also when it stopped reading.
  (void)PQputCopyData(connection, data.data(), static_cast<int>(data.size()));
  (void)PQputCopyData(connection, kTrailer, sizeof kTrailer);
  (void)PQputCopyEnd(connection, nullptr);
  Result ended(PQgetResult(connection), &PQclear);
  while (const Result more{PQgetResult(connection), &PQclear}) {
    if (PQresultStatus(more.get()) == PGRES_COPY_IN) break;  // the connection is beyond hope
  }
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) throw_as_pqxx(connection, ended.get(), sql);
}

std::string pqxx_sqlstate(const std::exception& error) {
  // First those that say it only by their type in 6.4.
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::too_many_connections*>(&error) != nullptr) return "53300";
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) {
    return std::string(sql->sqlstate());
  }
  return "";
}

bool pqxx_is_broken_connection(const std::exception& error) {
  return dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr;
}

}  // namespace weir::postgres::detail
