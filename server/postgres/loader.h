// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loader: point reads that join each other on the way. Callers ask for one key; a worker takes
// every key that waits and runs one statement for all. This is the dataloader pattern made
// transparent.
//
//     constexpr Statement kUsersById{"users_by_id",
//                                    "SELECT id, name FROM users WHERE id = ANY($1)"};
//     Loader<std::int64_t, User> users(pool, {kUsersById, read_user});
//     absl::StatusOr<std::optional<User>> user = co_await users.load(42);
//
// The statement takes the array of keys as $1 and returns any number of rows for each, with the key
// in the first column. `read` is called for each row of a key on the same Value, so a Value may be
// one row or collect many. A key without rows yields nullopt.
//
// A key may be a std::tuple: then its parts are the arrays $1, $2 ... and the first columns. So one
// statement reads many groups, each with a limit that its caller chose:
//
//     SELECT wanted.user_id, wanted.most, post.id, post.title
//     FROM unnest($1::bigint[], $2::bigint[]) AS wanted (user_id, most) CROSS JOIN LATERAL (
//       SELECT id, title FROM posts WHERE user_id = wanted.user_id ORDER BY id DESC
//       LIMIT wanted.most) AS post
//
//     Loader<std::tuple<std::int64_t, std::int64_t>, std::vector<Post>> newest(pool, {...});
//
// Trap: SQL promises no order across a join; sort what was collected if its order matters.
//
// No timer is added: a lone key goes to an idle connection as soon as its loop has done what is
// ready, with what else asked in that turn, and while max_in_flight statements are under way the
// keys that arrive wait for the next. Keys asked for
// twice are read once and the Value is copied. An error of the statement is every key's error.
//
// A waiter that is cancelled leaves at once and the others go on; the statement itself is cancelled
// when all its waiters have left. Waiting allocates nothing: the key waits in the coroutine's
// frame.
//
// Thread: any. It must outlive its awaits, and the pool must outlive it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/postgres/coalescer.h"
#include "server/postgres/load.h"
#include "server/postgres/pool.h"

namespace weir::postgres {

template <class Key, class Value>
class Loader {
 public:
  struct Spec {
    Statement statement;
    void (*read)(const Row& row, Value& value);
    // Keys of one statement.
    std::size_t max_batch = 256;
    // Statements under way at once: more spread the same keys over more, smaller statements.
    std::size_t max_in_flight = 2;
    // Keys that may wait; more are UNAVAILABLE at once.
    std::size_t max_waiting = 16384;
  };

  Loader(Pool& pool, Spec spec)
      : core_(std::make_shared<detail::LoaderCore<Key, Value>>(
            pool.engine(), spec.statement, spec.read,
            detail::CoalesceLimits{spec.max_batch, spec.max_in_flight, spec.max_waiting})) {
    core_->register_with_engine();
  }
  ~Loader() { core_->unregister(); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // co_await yields StatusOr<optional<Value>>.
  [[nodiscard]] auto load(Key key, std::source_location where = std::source_location::current()) {
    return detail::Load<Key, Value>(*core_, std::move(key), where);
  }

 private:
  std::shared_ptr<detail::LoaderCore<Key, Value>> core_;
};

}  // namespace weir::postgres
