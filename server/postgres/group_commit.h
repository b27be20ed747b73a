// SPDX-License-Identifier: Apache-2.0
#pragma once

// GroupCommit: writes that join each other on the way. Callers bring one item; a worker takes all
// that wait, writes them in one transaction, and each caller gets its own outcome when that has
// been committed. What costs in a small write is COMMIT's wait for the disk, and a group pays it
// once.
//
//     std::vector<absl::StatusOr<Created>> insert_users(Transaction&, absl::Span<const NewUser>);
//     GroupCommit<NewUser, Created> creations(pool, {insert_users});
//     absl::StatusOr<Created> created = co_await creations.write(std::move(user));
//
// The function returns an outcome for each item, in their order; one that is an error has changed
// nothing. What it throws for several has been undone, and then it is called for each alone, so
// that an item is refused only for reasons of its own. It runs on a worker's thread and perhaps
// several times, as Pool::transact's does: it may be repeated, and does nothing but talk to the
// database.
//
// No timer is added: a lone item goes to an idle connection as soon as its loop has done what is
// ready, and while max_in_flight groups are under way the items that arrive wait for the next.
//
// Trap: a caller that is cancelled leaves at once, and its item may be written all the same, for it
// travels with those of others; the group is cancelled when all have left. So give an item what
// makes its repetition harmless (a request id), as after every CANCELLED or DEADLINE_EXCEEDED. An
// error of the transaction is everybody's error, see Pool.
//
// Thread: any. It must outlive its awaits, and the pool must outlive it.

#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/postgres/group_write.h"
#include "server/postgres/pool.h"

namespace weir::postgres {

template <class Item, class Outcome>
class GroupCommit {
 public:
  struct Spec {
    std::vector<absl::StatusOr<Outcome>> (*write)(Transaction& transaction,
                                                  absl::Span<const Item> items);
    // Items of one transaction.
    std::size_t max_group = 128;
    // Transactions under way at once: while one is committed another can be filled.
    std::size_t max_in_flight = 2;
    // Items that may wait; more are UNAVAILABLE at once.
    std::size_t max_waiting = 16384;
  };

  GroupCommit(Pool& pool, Spec spec)
      : core_(std::make_shared<detail::GroupCommitCore<Item, Outcome>>(
            pool.engine(), spec.write,
            detail::CoalesceLimits{spec.max_group, spec.max_in_flight, spec.max_waiting})) {
    core_->register_with_engine();
  }
  ~GroupCommit() { core_->unregister(); }
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // co_await yields StatusOr<Outcome>.
  [[nodiscard]] auto write(Item item,
                           std::source_location where = std::source_location::current()) {
    return detail::Write<Item, Outcome>(*core_, std::move(item), where);
  }

 private:
  std::shared_ptr<detail::GroupCommitCore<Item, Outcome>> core_;
};

}  // namespace weir::postgres
