// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pool: connections to Postgres, each owned by a thread that blocks on it, behind one bounded
// queue. Tokio: sqlx's or deadpool's pool, with the query running on the pool's side.
//
//     auto rename = [id, name](Transaction& transaction) -> absl::StatusOr<User> { ... };
//     absl::StatusOr<User> user = co_await pool.transact(std::move(rename));
//
// The function runs on a worker's thread, and perhaps several times: a transaction is run again
// after a serialization failure or deadlock, and after the connection was lost before COMMIT. So it
// owns what it uses (a caller that is cancelled may leave before it returns), may be repeated, and
// does nothing but talk to the database. Name the lambda first (g++ 12), as above.
//
// The await ends with the function's own status, or one of server/postgres/errors.h, or
// UNAVAILABLE (queue full, no connection within acquire_timeout), or CANCELLED and
// DEADLINE_EXCEEDED when the task is told to stop. A job that is queued then leaves the queue. One
// that runs is cancelled in Postgres and awaited, so that its true outcome is known; it may still
// be success. If Postgres does not answer within cancel_timeout the connection is cut, and what
// became of a COMMIT is not known.
//
// Thread: any. The pool must outlive its awaits; its destructor cancels what runs, and ends within
// about cancel_timeout whatever Postgres does.

#include <memory>
#include <source_location>
#include <utility>

#include "server/postgres/counters.h"
#include "server/postgres/options.h"
#include "server/postgres/stats.h"
#include "server/postgres/unit_of_work.h"

namespace weir::postgres {

class Pool {
 public:
  // Connects in the background: a pool whose Postgres is down is a pool that answers UNAVAILABLE.
  explicit Pool(Options options);
  ~Pool();

  // fn(Transaction&) -> StatusOr<R> or Status, between BEGIN and COMMIT; ROLLBACK if it fails.
  template <class F>
  [[nodiscard]] auto transact(F fn, Isolation isolation = Isolation::kReadCommitted,
                              std::source_location where = std::source_location::current()) {
    return detail::Run<F>(*engine_, detail::Mode::kTransaction, isolation, std::move(fn),
                          "postgres transaction", where);
  }

  // The same without BEGIN and COMMIT, which saves two round trips: for reads. May be run again
  // when the connection was lost, so never for a write.
  template <class F>
  [[nodiscard]] auto query(F fn, std::source_location where = std::source_location::current()) {
    return detail::Run<F>(*engine_, detail::Mode::kStatements, Isolation::kReadCommitted,
                          std::move(fn), "postgres query", where);
  }

  Stats stats() const;
  // Its times. They live as long as the pool.
  const Counters& counters() const;

  // For Loader.
  const std::shared_ptr<detail::Engine>& engine() const { return engine_; }

 private:
  std::shared_ptr<detail::Engine> engine_;
};

}  // namespace weir::postgres
