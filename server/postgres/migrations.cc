// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/migrations.h"

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/postgres/connection.h"
#include "server/postgres/counters.h"
#include "server/postgres/errors.h"
#include "server/postgres/session.h"

namespace weir::postgres {
namespace {

using detail::Connection;

// Any number will do, as long as it stays the same.
constexpr Statement kLock{"migrations_lock", "SELECT pg_try_advisory_lock(7241093518)"};

constexpr char kCreateTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "  number     integer PRIMARY KEY,"
    "  name       text NOT NULL,"
    "  checksum   text NOT NULL,"
    "  apply_time timestamptz NOT NULL DEFAULT now())";

constexpr Statement kHasTable{"migrations_has_table",
                              "SELECT to_regclass('schema_migrations')::text"};
constexpr Statement kApplied{"migrations_applied",
                             "SELECT number, checksum FROM schema_migrations ORDER BY number"};
constexpr Statement kChecksum{"migrations_checksum",
                              "SELECT encode(sha256(convert_to($1::text, 'UTF8')), 'hex')"};
constexpr Statement kRecord{"migrations_record",
                            "INSERT INTO schema_migrations (number, name, checksum) "
                            "VALUES ($1, $2, $3)"};

// A change of the schema that waits for a lock holds up all that come after it: better to fail.
constexpr char kLockTimeout[] = "SET LOCAL lock_timeout = '10s'";

template <class... Args>
Rows run(Connection& connection, const Statement& statement, const Args&... args) {
  Transaction transaction(connection);
  return transaction.run(statement, args...);
}

std::string checksum(Connection& connection, const EmbeddedMigration& migration) {
  return run(connection, kChecksum, migration.sql)[0].string(0);
}

std::map<std::int64_t, std::string> applied(Connection& connection) {
  std::map<std::int64_t, std::string> checksums;
  for (const Row row : run(connection, kApplied)) checksums.emplace(row.int64(0), row.string(1));
  return checksums;
}

void apply(Connection& connection, const EmbeddedMigration& migration) {
  const auto body = [&](Transaction&) {
    connection.run_script(kLockTimeout);
    connection.run_script(std::string(migration.sql));
    run(connection, kRecord, migration.number, migration.name, checksum(connection, migration));
    return absl::OkStatus();
  };
  (void)connection.run_in_transaction(Isolation::kReadCommitted, body);  // else it throws
}

// What was applied: the number of the newest. FAILED_PRECONDITION if it is not a beginning of
// `migrations`, or of what comes after them.
absl::StatusOr<std::int64_t> newest_applied(Connection& connection,
                                            absl::Span<const EmbeddedMigration> migrations) {
  const auto done = applied(connection);
  const std::int64_t newest = done.empty() ? 0 : done.rbegin()->first;
  for (const EmbeddedMigration& migration : migrations) {
    const auto at = done.find(migration.number);
    if (at == done.end()) {
      if (migration.number > newest) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "migration ", migration.number, " was never applied, but migration ", newest, " was"));
    }
    if (at->second != checksum(connection, migration)) {
      return absl::FailedPreconditionError(
          absl::StrCat("migration ", migration.number, " was changed after it was applied"));
    }
  }
  return newest;
}

std::int64_t newest_known(absl::Span<const EmbeddedMigration> migrations) {
  return migrations.empty() ? 0 : migrations.back().number;
}

absl::StatusOr<int> migrate(Connection& connection,
                            absl::Span<const EmbeddedMigration> migrations) {
  if (!run(connection, kLock)[0].boolean(0)) {  // released with the session
    return absl::UnavailableError("another server brings the schema up to date");
  }
  connection.run_script(kCreateTable);
  // All are checked before the first is applied.
  const absl::StatusOr<std::int64_t> newest_or = newest_applied(connection, migrations);
  if (!newest_or.ok()) return newest_or.status();
  const std::int64_t newest = *newest_or;
  const std::int64_t known = newest_known(migrations);
  if (newest > known) {
    return absl::FailedPreconditionError(absl::StrCat("the database's schema is at migration ",
                                                      newest, ", this program knows ", known,
                                                      ": it is older than the schema"));
  }
  int count = 0;
  for (const EmbeddedMigration& migration : migrations) {
    if (migration.number <= newest) continue;
    apply(connection, migration);
    ++count;
  }
  return count;
}

absl::StatusOr<int> require_migrated(Connection& connection,
                                     absl::Span<const EmbeddedMigration> migrations) {
  if (run(connection, kHasTable)[0].is_null(0)) {
    return absl::UnavailableError("the database was not migrated yet");
  }
  const absl::StatusOr<std::int64_t> newest = newest_applied(connection, migrations);
  if (!newest.ok()) return newest.status();
  if (*newest < newest_known(migrations)) {
    return absl::UnavailableError(absl::StrCat("the database's schema is at migration ", *newest,
                                               ", this program needs ", newest_known(migrations)));
  }
  return 0;
}

// `work` on a connection of its own, without limits on statements.
template <class Work>
absl::StatusOr<int> with_connection(const Options& given, Work work) {
  Options options = for_session(given);
  options.statement_timeout = Duration::max();  // a migration may take long
  options.lock_timeout = Duration::max();       // it has one of its own
  detail::Session session;
  detail::Counters counters;
  try {
    auto connection = Connection::open(options, /*stop_fd=*/-1, session, counters);
    if (!connection.ok()) {
      if (options.log) {
        options.log(log::Level::kWarning, kCannotConnect,
                    {{"reason", connection.status().message()}});
      }
      return absl::UnavailableError("the database cannot be reached");
    }
    return work(**connection);
  } catch (const std::exception& error) {
    if (options.log) {
      options.log(log::Level::kError, "a migration failed", {{"reason", error.what()}});
    }
    return detail::to_status(error);
  }
}

}  // namespace

absl::StatusOr<int> migrate(const Options& options,
                            absl::Span<const EmbeddedMigration> migrations) {
  return with_connection(options,
                         [&](Connection& connection) { return migrate(connection, migrations); });
}

absl::Status require_migrated(const Options& options,
                              absl::Span<const EmbeddedMigration> migrations) {
  return with_connection(
             options,
             [&](Connection& connection) { return require_migrated(connection, migrations); })
      .status();
}

}  // namespace weir::postgres
