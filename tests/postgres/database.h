// SPDX-License-Identifier: Apache-2.0
#pragma once

// Database: a fresh, empty database on the server of WEIR_DATABASE_URL (scripts/with_stack.sh), for
// one test, and a plain blocking connection to look at it from outside of what is tested.

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/postgres/options.h"

namespace weir::postgres::testing {

// A blocking connection that throws std::runtime_error. Not thread-safe.
class Psql {
 public:
  explicit Psql(const std::string& url);
  // The first column of each row; empty strings for NULL.
  std::vector<std::string> column(const std::string& sql);
  // The one value.
  std::string value(const std::string& sql);
  void run(const std::string& sql) { column(sql); }

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// The server that the tests share.
std::string server_url();

class Database {
 public:
  // On the shared server, or on another.
  explicit Database(const std::string& server = server_url());
  // Drops it, with whoever is connected.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& url() const { return url_; }
  Psql& psql() { return *psql_; }
  // Options of a pool for it, small and quick.
  Options options() const;

 private:
  const std::string server_;
  const std::string name_;
  const std::string url_;
  std::unique_ptr<Psql> psql_;
};

// Polls until `condition` is true; false after `limit`. Polling, because what is waited for happens
// in another process.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace weir::postgres::testing
