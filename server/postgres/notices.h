// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Postgres says beside its answers: warnings and notices, to the log of the options instead of
// to standard error, where libpq would print them.

#include <libpq-fe.h>

#include "server/postgres/options.h"

namespace weir::postgres::detail {

// `options` must outlive the connection.
void log_notices(PGconn& connection, const Options& options);

}  // namespace weir::postgres::detail
