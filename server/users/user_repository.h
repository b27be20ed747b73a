// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserRepository: users in Postgres. What reads them is here, what writes them in user_writes.h.
//
// Errors are those of the domain (errors.h) where they have a meaning there, else the pool's.
// UNAVAILABLE with the reason OUTCOME_UNKNOWN: the connection was lost in COMMIT.
// Thread: any. The pool must outlive it, and it its awaits.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/postgres/group_commit.h"
#include "server/postgres/loader.h"
#include "server/postgres/pool.h"
#include "server/users/user.h"
#include "server/users/user_writes.h"

namespace weir::users {

class UserRepository {
 public:
  // How concurrent calls of `create` share transactions.
  struct Groups {
    std::size_t most = 128;   // users of one
    std::size_t at_once = 2;  // transactions
  };
  explicit UserRepository(postgres::Pool& pool) : UserRepository(pool, Groups()) {}
  UserRepository(postgres::Pool& pool, const Groups& groups);

  // Concurrent calls become one query, see postgres/loader.h.
  Task<absl::StatusOr<std::optional<User>>> find(std::int64_t id);
  // Those of `ids` that exist, in no order, each once; one query.
  Task<absl::StatusOr<std::vector<User>>> find_all(std::vector<std::int64_t> ids);
  // In the order of their ids.
  Task<absl::StatusOr<std::vector<User>>> list_after(std::int64_t id, std::int64_t limit);
  Task<absl::StatusOr<std::int64_t>> count();

  // ALREADY_EXISTS; INVALID_ARGUMENT if the request_id was used for another user. Concurrent calls
  // share a transaction, see postgres/group_commit.h.
  Task<absl::StatusOr<Created>> create(NewUser user);

  // What became of a change of one row.
  struct Changed {
    absl::StatusOr<User> user = absl::UnknownError("");  // after an update, before a deletion
    // If nobody knows whether the change was committed: the version of the row that it would have
    // changed. Else 0.
    std::int64_t version_in_doubt = 0;
  };
  // NOT_FOUND; ABORTED if `version` is not the row's, nullopt matches all; ALREADY_EXISTS.
  // An update of nothing only looks.
  Task<Changed> update(std::int64_t id, UserChanges changes, std::optional<std::int64_t> version);
  Task<Changed> remove(std::int64_t id, std::optional<std::int64_t> version);

  Task<absl::StatusOr<std::optional<Credentials>>> find_credentials(std::string email);
  // Unless it is another than `old_hash` by now. Not a change of the user: the version stays.
  Task<absl::Status> replace_password_hash(std::int64_t id, std::string old_hash,
                                           std::string new_hash);

 private:
  postgres::Pool& pool_;
  postgres::Loader<std::int64_t, User> by_id_;
  postgres::GroupCommit<NewUser, Created> creations_;
};

}  // namespace weir::users
