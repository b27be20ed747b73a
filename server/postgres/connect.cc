// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/connect.h"

#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/postgres/notices.h"
#include "server/postgres/wait_socket.h"

namespace weir::postgres::detail {
namespace {

// Postgres's milliseconds; 0 means none.
std::int64_t setting(Duration timeout) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return milliseconds > std::numeric_limits<std::int32_t>::max() ? 0 : milliseconds;
}

std::string session_settings(const Options& options) {
  return absl::StrCat(
      "-c statement_timeout=", setting(options.statement_timeout),
      " -c lock_timeout=", setting(options.lock_timeout),
      // The end of a transaction that this process, stuck or stopped, left open.
      " -c idle_in_transaction_session_timeout=", 2 * setting(options.statement_timeout));
}

OwnedConnection start(const Options& options) {
  const std::string settings = session_settings(options);
  // What comes later wins, so the URL comes last.
  std::vector<std::pair<const char*, const char*>> parameters = {
      {"application_name", options.application_name.c_str()},
      {"client_encoding", "UTF8"},
      // A peer that vanished without a word is noticed within about ten seconds, awake or asleep.
      {"keepalives_idle", "5"},
      {"keepalives_interval", "2"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "10000"},
  };
  if (options.session_settings) parameters.emplace_back("options", settings.c_str());
  parameters.emplace_back("dbname", options.url.c_str());

  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return OwnedConnection(PQconnectStartParams(names.data(), values.data(), /*expand_dbname=*/1));
}

}  // namespace

absl::StatusOr<OwnedConnection> connect(const Options& options, int stop_fd) {
  const TimePoint deadline =
      saturating_add(std::chrono::steady_clock::now(), options.connect_timeout);
  OwnedConnection connection = start(options);
  if (connection == nullptr) return absl::ResourceExhaustedError("out of memory");
  log_notices(*connection, options);
  PostgresPollingStatusType next =
      PQstatus(connection.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
    const bool to_write = next == PGRES_POLLING_WRITING;
    switch (wait_socket(PQsocket(connection.get()), to_write, stop_fd, deadline)) {
      case Woken::kSocket:
        next = PQconnectPoll(connection.get());
        break;
      case Woken::kStop:
        return absl::CancelledError("told to stop");
      case Woken::kDeadline:
        return absl::UnavailableError("it took too long");
    }
  }
  if (next != PGRES_POLLING_OK) return absl::UnavailableError(PQerrorMessage(connection.get()));
  return connection;
}

}  // namespace weir::postgres::detail

namespace weir::postgres {

bool is_database_url(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
  return parsed != nullptr;
}

Options for_session(Options options) {
  if (options.direct_url.empty()) return options;
  options.url = options.direct_url;
  options.prepare = true;
  options.session_settings = true;
  return options;
}

}  // namespace weir::postgres
