// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table of what happened to users: all SQL about it. What keeps it in order, and why a reader
// must not go beyond what is settled, is in server/migrations/0004_events.sql.

#include <cstdint>
#include <vector>

#include "async/time.h"
#include "server/postgres/transaction.h"
#include "server/users/user_event.h"

namespace weir::users::event_log {

inline constexpr char kChannel[] = "weir_user_events";

struct Settled {
  std::int64_t upto;  // whoever reads from now on sees all there will ever be up to here
  bool is_held_back;  // by a transaction in progress; there may be more in a moment
};
// `seen`: what was read before; there may be nothing after it.
Settled settled(postgres::Transaction& db, std::int64_t seen);

// The last event up to `upto`, which must be settled.
std::int64_t newest(postgres::Transaction& db, std::int64_t upto);

struct Page {
  std::vector<UserEvent> events;   // after `after`, up to `upto`, the first `limit` of them
  std::int64_t removed = 0;        // up to here they are gone; if that is after `after`, some miss
  std::int64_t users_removed = 0;  // the same of the events that a watch of users sends
};
Page read(postgres::Transaction& db, std::int64_t after, std::int64_t upto, std::int64_t limit);

// Removes the first events, up to `upto` and at most `limit`, that are older than `keep`. Returns
// how many. One session at a time: the others remove nothing.
std::int64_t remove_old(postgres::Transaction& db, std::int64_t upto, Duration keep,
                        std::int64_t limit);

// Wakes all who listen to kChannel. Not in the transaction of a change: see the migration.
void notify(postgres::Transaction& db);

}  // namespace weir::users::event_log
