// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of users inside a transaction of the caller's: what UserRepository commits one at a time
// and a batch many at once. A status that they return is an answer of the domain, and the
// transaction may go on; what they throw has broken it, see in_our_words.
//
// Thread: the pool's worker.

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/postgres/transaction.h"
#include "server/users/user.h"

namespace weir::users {

struct Created {
  User user;
  bool repeated = false;  // an answer from before; nothing was done now
};

// Any number in a few statements, each with its own outcome, in the order given: ALREADY_EXISTS for
// one whose e-mail address is taken, also by one before it; INVALID_ARGUMENT if its request_id was
// used for another user. Locks are taken in the order of keys, so two of these do not deadlock.
std::vector<absl::StatusOr<Created>> insert_users(postgres::Transaction& transaction,
                                                  absl::Span<const NewUser> users);

// NOT_FOUND; ABORTED if `version` is not the row's, nullopt matches all. Without changes it only
// looks. Throws if the e-mail address is taken.
absl::StatusOr<User> update_user(postgres::Transaction& transaction, std::int64_t id,
                                 const UserChanges& changes, std::optional<std::int64_t> version);

// The same errors. The user as it was.
absl::StatusOr<User> delete_user(postgres::Transaction& transaction, std::int64_t id,
                                 std::optional<std::int64_t> version);

// NOT_FOUND.
absl::StatusOr<User> find_user(postgres::Transaction& transaction, std::int64_t id);

// The status of a transaction that failed, in the words of the domain where it means something
// there: ALREADY_EXISTS for the e-mail address, UNAVAILABLE for an unknown outcome.
absl::Status in_our_words(const absl::Status& status);

}  // namespace weir::users
