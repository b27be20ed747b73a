// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one table that turns what libpqxx throws into a status. Messages are fit for clients: no SQL,
// no host, no value. What a caller may want to know beyond the code is asked of the status:
//
//     if (violated_constraint(status) == "users_email_key") ...
//
// | SQLSTATE        | status             |                                                    |
// | 23505           | ALREADY_EXISTS     | unique constraint                                  |
// | 23503 23502 23514 23P01 23xxx | FAILED_PRECONDITION | other constraints                   |
// | 22xxx           | INVALID_ARGUMENT   | a value out of range or malformed                  |
// | 40001 40P01     | ABORTED            | after the retries                                  |
// | 55P03           | ABORTED            | lock_timeout                                       |
// | 57014           | CANCELLED or DEADLINE_EXCEEDED | as it was asked for; DEADLINE_EXCEEDED if
// not | | 08xxx 57Pxx 53xxx 25006, connection lost | UNAVAILABLE | 25006: now a read-only replica |
// | (lost in COMMIT)| UNKNOWN            | committed or not: look before trying again         |
// | else            | INTERNAL           | a mistake in the program                           |

#include <exception>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace weir::postgres {

// The SQLSTATE behind a status, or an empty string.
std::string sqlstate_of(const absl::Status& status);

// The name of the constraint that an ALREADY_EXISTS or FAILED_PRECONDITION is about, or an empty
// string. Postgres says it in the text of its message, where it is found in any language that
// quotes with ".
std::string violated_constraint(const absl::Status& status);

// COMMIT was sent and its answer never came.
bool is_in_doubt(const absl::Status& status);

namespace detail {

// The status for an exception caught around a statement.
absl::Status to_status(const std::exception& error);

absl::Status in_doubt_error();
absl::Status connection_lost_error();

// 22xxx or 23xxx: a value was refused; the same statement with other values may succeed.
bool is_about_a_value(const absl::Status& status);

// 40001 or 40P01: the same transaction may succeed if it is run again.
bool is_worth_retrying(const absl::Status& status);

// The connection is of no use any more although it is open (25006: its server was demoted).
bool is_stale_connection(const absl::Status& status);

}  // namespace detail
}  // namespace weir::postgres
