// SPDX-License-Identifier: Apache-2.0
#pragma once

// migrate: brings the schema to what this binary needs, before the first request is served.
//
// Each migration runs once, in a transaction of its own, in the order of its number; what was
// applied is recorded with a checksum in the table schema_migrations. Of servers that start at the
// same time one does it (an advisory lock), and the others get UNAVAILABLE: try again. Refused,
// with FAILED_PRECONDITION: a migration that was changed after it was applied, one that is missing
// below the newest, a schema newer than the binary.
//
// Blocks; for the start of a program. Trap: an advisory lock belongs to a session, so give it a
// direct URL, not pgbouncer's.

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/postgres/embedded_migrations.h"
#include "server/postgres/options.h"

namespace weir::postgres {

// What the log of the options is told when there is no connection.
inline constexpr const char* kCannotConnect = "cannot connect";

// The number of migrations that were applied now. Uses url, connect_timeout and log of `options`.
absl::StatusOr<int> migrate(const Options& options,
                            absl::Span<const EmbeddedMigration> migrations = embedded_migrations());

// For a program whose schema somebody else migrates: UNAVAILABLE until all of `migrations` were
// applied. A newer schema is accepted, for every migration must leave the version before able to
// work: in a roll-out, and after one that was rolled back, it runs on it. FAILED_PRECONDITION as
// above.
absl::Status require_migrated(
    const Options& options, absl::Span<const EmbeddedMigration> migrations = embedded_migrations());

}  // namespace weir::postgres
