// SPDX-License-Identifier: Apache-2.0
#include "tests/postgres/database.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"

namespace weir::postgres::testing {
namespace {

std::string fresh_name() {
  static std::atomic<int> count = 0;
  return absl::StrCat("weir_test_", getpid(), "_", ++count);
}

// The same URL with another database: what is after the last slash.
std::string with_database(const std::string& url, const std::string& name) {
  return absl::StrCat(url.substr(0, url.rfind('/') + 1), name);
}

}  // namespace

Psql::Psql(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

std::vector<std::string> Psql::column(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection_.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  std::vector<std::string> values;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    values.emplace_back(PQgetvalue(result.get(), row, 0));
  }
  return values;
}

std::string Psql::value(const std::string& sql) {
  const std::vector<std::string> values = column(sql);
  if (values.size() != 1) throw std::runtime_error(absl::StrCat(values.size(), " rows: ", sql));
  return values[0];
}

std::string server_url() {
  const char* url = std::getenv("WEIR_DATABASE_URL");
  if (url == nullptr) {
    throw std::runtime_error("WEIR_DATABASE_URL is not set: run this with scripts/with_stack.sh");
  }
  return url;
}

Database::Database(const std::string& server)
    : server_(server), name_(fresh_name()), url_(with_database(server, name_)) {
  Psql(server_).run(absl::StrCat("CREATE DATABASE ", name_));
  psql_ = std::make_unique<Psql>(url_);
}

Database::~Database() {
  psql_.reset();
  try {
    Psql(server_).run(absl::StrCat("DROP DATABASE ", name_, " WITH (FORCE)"));
  } catch (const std::exception&) {
    // A server that a test has stopped goes away with all its databases.
  }
}

Options Database::options() const {
  Options options;
  options.url = url_;
  options.min_connections = 1;
  options.max_connections = 4;
  return options;
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace weir::postgres::testing
