// SPDX-License-Identifier: Apache-2.0
#include "server/users/event_log.h"

#include <chrono>

namespace weir::users::event_log {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr Statement kSettled{"user_events_settled",
                             "SELECT last, settled FROM settled_user_events($1)"};

constexpr Statement kNewest{
    "user_events_newest",
    "SELECT greatest(upto, coalesce((SELECT max(seq) FROM user_events WHERE seq <= $1), 0)) "
    "FROM user_events_removed"};

// What was removed is read in the same snapshot as what was not. A row without an event if there is
// none.
constexpr Statement kRead{
    "user_events_read",
    "SELECT upto, seq, type, user_id, coalesce(name, ''), coalesce(email, ''), "
    "coalesce(version, 0), (extract(epoch from coalesce(create_time, 'epoch')) * 1000000)::bigint, "
    "(extract(epoch from coalesce(update_time, 'epoch')) * 1000000)::bigint, users_upto "
    "FROM user_events_removed LEFT JOIN LATERAL (SELECT * FROM user_events "
    "WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3) AS events ON true ORDER BY seq"};

// Never one that has a younger before it, so that `upto` says all.
constexpr Statement kRemoveOld{
    "user_events_remove_old",
    "WITH first AS MATERIALIZED ("
    "  SELECT seq, event_time < clock_timestamp() - $2 * interval '1 microsecond' AS is_old"
    "  FROM user_events WHERE seq > (SELECT upto FROM user_events_removed) AND seq <= $1"
    "  AND (SELECT pg_try_advisory_xact_lock(7241093519)) ORDER BY seq LIMIT $3), "
    "gone AS (DELETE FROM user_events WHERE seq IN (SELECT seq FROM first WHERE is_old AND seq < "
    "  coalesce((SELECT min(seq) FROM first WHERE NOT is_old), 9223372036854775807)) "
    "  RETURNING seq), "
    "moved AS (UPDATE user_events_removed SET upto = (SELECT max(seq) FROM gone) "
    "  WHERE EXISTS (SELECT FROM gone)) "
    "SELECT count(*) FROM gone"};

constexpr Statement kNotify{"user_events_notify", "SELECT pg_notify('weir_user_events', '')"};

UserEvent to_event(const Row& row) {
  UserEvent event;
  event.seq = row.int64(1);
  event.type = static_cast<UserEvent::Type>(row.int64(2));
  event.user.id = row.int64(3);
  event.user.name = row.string(4);
  event.user.email = row.string(5);
  event.user.version = row.int64(6);
  event.user.create_time = row.time(7);
  event.user.update_time = row.time(8);
  return event;
}

}  // namespace

Settled settled(Transaction& db, std::int64_t seen) {
  const Row row = db.run(kSettled, seen)[0];
  return {row.int64(1), row.int64(1) < row.int64(0)};
}

std::int64_t newest(Transaction& db, std::int64_t upto) {
  return db.run(kNewest, upto)[0].int64(0);
}

Page read(Transaction& db, std::int64_t after, std::int64_t upto, std::int64_t limit) {
  const Rows rows = db.run(kRead, after, upto, limit);
  Page page;
  page.removed = rows[0].int64(0);
  page.users_removed = rows[0].int64(9);
  if (rows[0].is_null(1)) return page;
  page.events.reserve(rows.size());
  for (const Row row : rows) page.events.push_back(to_event(row));
  return page;
}

std::int64_t remove_old(Transaction& db, std::int64_t upto, Duration keep, std::int64_t limit) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(keep).count();
  return db.run(kRemoveOld, upto, micros, limit)[0].int64(0);
}

void notify(Transaction& db) { db.run(kNotify); }

}  // namespace weir::users::event_log
