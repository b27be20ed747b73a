// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/errors.h"

#include <new>
#include <stdexcept>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/postgres/pqxx_compat.h"

namespace weir::postgres {
namespace {

// Payloads for code above in this process; the rpc layer sends only google.rpc details.
constexpr char kSqlstateUrl[] = "weir.internal/postgres.sqlstate";
constexpr char kConstraintUrl[] = "weir.internal/postgres.constraint";
constexpr char kInDoubtUrl[] = "weir.internal/postgres.in_doubt";

struct Rule {
  std::string_view prefix;  // of the SQLSTATE
  absl::StatusCode code;
  const char* message;
};

using Code = absl::StatusCode;

// The first that matches counts.
constexpr Rule kRules[] = {
    {"23505", Code::kAlreadyExists, "it exists already"},
    {"23", Code::kFailedPrecondition, "a rule of the database forbids it"},
    {"22", Code::kInvalidArgument, "a value that the database cannot store"},
    {"40001", Code::kAborted, "concurrent changes got in the way; try again"},
    {"40P01", Code::kAborted, "concurrent changes got in the way; try again"},
    {"55P03", Code::kAborted, "another change is in progress; try again"},
    {"57014", Code::kDeadlineExceeded, "the database took too long"},
    {"08", Code::kUnavailable, "the connection to the database was lost"},
    {"57P", Code::kUnavailable, "the database is not available"},
    {"53", Code::kUnavailable, "the database is overloaded"},
    {"25006", Code::kUnavailable, "the database is read-only at the moment"},
    {"26000", Code::kUnavailable, "the connection to the database was reset"},
};

// What stands between the first pair of quotes: Postgres names the constraint first.
std::string first_quoted(std::string_view message) {
  const std::size_t from = message.find('"');
  if (from == std::string_view::npos) return "";
  const std::size_t to = message.find('"', from + 1);
  if (to == std::string_view::npos) return "";
  return std::string(message.substr(from + 1, to - from - 1));
}

// A message about a missing value names its column and table instead; a constraint always comes
// after the table: `... relation "users" violates check constraint "positive"`.
std::string constraint_in(std::string_view sqlstate, std::string_view message) {
  if (sqlstate == "23502") return "";
  if (sqlstate == "23505") return first_quoted(message);
  const std::size_t at = message.find("constraint \"");
  return at == std::string_view::npos ? "" : first_quoted(message.substr(at));
}

std::string payload(const absl::Status& status, absl::string_view url) {
  const auto value = status.GetPayload(url);
  return value.has_value() ? std::string(*value) : std::string();
}

absl::Status from_sqlstate(const std::string& sqlstate, const char* what) {
  for (const Rule& rule : kRules) {
    if (!std::string_view(sqlstate).starts_with(rule.prefix)) continue;
    absl::Status status(rule.code, rule.message);
    status.SetPayload(kSqlstateUrl, absl::Cord(sqlstate));
    if (rule.prefix.starts_with("23")) {
      const std::string constraint = constraint_in(sqlstate, what);
      if (!constraint.empty()) status.SetPayload(kConstraintUrl, absl::Cord(constraint));
    }
    return status;
  }
  absl::Status status = absl::InternalError(absl::StrCat("database error ", sqlstate));
  status.SetPayload(kSqlstateUrl, absl::Cord(sqlstate));
  return status;
}

}  // namespace

std::string sqlstate_of(const absl::Status& status) { return payload(status, kSqlstateUrl); }

std::string violated_constraint(const absl::Status& status) {
  return payload(status, kConstraintUrl);
}

bool is_in_doubt(const absl::Status& status) { return status.GetPayload(kInDoubtUrl).has_value(); }

namespace detail {

absl::Status to_status(const std::exception& error) {
  const std::string sqlstate = pqxx_sqlstate(error);
  if (!sqlstate.empty()) return from_sqlstate(sqlstate, error.what());
  if (pqxx_is_broken_connection(error)) return connection_lost_error();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  // Param's, for a text with a NUL byte.
  if (dynamic_cast<const std::invalid_argument*>(&error) != nullptr) {
    return absl::InvalidArgumentError("a value that the database cannot store");
  }
  return absl::InternalError("the database access failed");
}

absl::Status in_doubt_error() {
  absl::Status status =
      absl::UnknownError("the connection was lost during commit: it may have taken effect");
  status.SetPayload(kInDoubtUrl, absl::Cord());
  return status;
}

absl::Status connection_lost_error() {
  return absl::UnavailableError("the connection to the database was lost");
}

bool is_about_a_value(const absl::Status& status) {
  const std::string sqlstate = sqlstate_of(status);
  return absl::StartsWith(sqlstate, "22") || absl::StartsWith(sqlstate, "23");
}

bool is_worth_retrying(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kAborted) return false;
  const std::string sqlstate = sqlstate_of(status);
  return sqlstate == "40001" || sqlstate == "40P01";
}

bool is_stale_connection(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kUnavailable) return false;
  const std::string sqlstate = sqlstate_of(status);
  return sqlstate == "25006" || sqlstate == "26000";
}

}  // namespace detail
}  // namespace weir::postgres
