// SPDX-License-Identifier: Apache-2.0
#pragma once

// connect: libpq's connecting, with a deadline and a way out, which PQconnectdb has not.

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/postgres/options.h"

namespace weir::postgres::detail {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using OwnedConnection = std::unique_ptr<PGconn, FinishConnection>;

// Blocks, at most connect_timeout (and for as long as the name takes to resolve); CANCELLED, early,
// when `stop_fd` becomes readable (-1: none). The message of an error names hosts: for a log, not
// for clients.
absl::StatusOr<OwnedConnection> connect(const Options& options, int stop_fd);

}  // namespace weir::postgres::detail

namespace weir::postgres {

// Whether libpq understands where and who: a URL, or "host=... dbname=...". No more than that, for
// what libpq says of one that it does not understand repeats the password.
bool is_database_url(const std::string& url);

}  // namespace weir::postgres
