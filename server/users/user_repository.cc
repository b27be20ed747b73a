// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_repository.h"

#include <atomic>
#include <memory>
#include <utility>

#include "server/users/user_rows.h"
#include "server/users/user_writes.h"

namespace weir::users {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

std::vector<User> to_users(const Rows& rows) {
  std::vector<User> users;
  users.reserve(rows.size());
  for (const Row row : rows) users.push_back(to_user(row));
  return users;
}

constexpr Statement kFindAll{
    "users_by_id", "SELECT " WEIR_USER_COLUMNS " FROM users WHERE id = ANY($1::bigint[])"};

constexpr Statement kListAfter{
    "users_after", "SELECT " WEIR_USER_COLUMNS " FROM users WHERE id > $1 ORDER BY id LIMIT $2"};

constexpr Statement kCount{"count_users", "SELECT count(*) FROM users"};

constexpr Statement kFindCredentials{"credentials_by_email",
                                     "SELECT " WEIR_USER_COLUMNS
                                     ", coalesce(password_hash, '') FROM users WHERE email = $1"};

constexpr Statement kReplaceHash{
    "replace_password_hash",
    "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2"};

// Shared with the worker, who may still be at it when a cancelled caller has left. Set once the
// statement has changed the row: if after that the result is an error, the commit failed or is in
// doubt.
using Touched = std::shared_ptr<std::atomic<std::int64_t>>;

UserRepository::Changed what_became(absl::StatusOr<User> user, const Touched& version) {
  UserRepository::Changed changed;
  if (user.ok()) {
    changed.user = std::move(user);
  } else {
    changed.user = in_our_words(user.status());
    changed.version_in_doubt = *version;
  }
  return changed;
}

}  // namespace

UserRepository::UserRepository(postgres::Pool& pool, const Groups& groups)
    : pool_(pool),
      by_id_(pool, {kFindAll, read_user}),
      creations_(pool, {insert_users, groups.most, groups.at_once}) {}

Task<absl::StatusOr<std::optional<User>>> UserRepository::find(std::int64_t id) {
  co_return co_await by_id_.load(id);
}

Task<absl::StatusOr<std::vector<User>>> UserRepository::find_all(std::vector<std::int64_t> ids) {
  auto read = [ids =
                   std::move(ids)](Transaction& transaction) -> absl::StatusOr<std::vector<User>> {
    return to_users(transaction.run(kFindAll, ids));
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<std::vector<User>>> UserRepository::list_after(std::int64_t id,
                                                                   std::int64_t limit) {
  auto read = [id, limit](Transaction& transaction) -> absl::StatusOr<std::vector<User>> {
    return to_users(transaction.run(kListAfter, id, limit));
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<std::int64_t>> UserRepository::count() {
  auto read = [](Transaction& transaction) -> absl::StatusOr<std::int64_t> {
    return transaction.run(kCount)[0].int64(0);
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<Created>> UserRepository::create(NewUser user) {
  absl::StatusOr<Created> created = co_await creations_.write(std::move(user));
  if (!created.ok()) co_return in_our_words(created.status());
  co_return created;
}

Task<UserRepository::Changed> UserRepository::update(std::int64_t id, UserChanges changes,
                                                     std::optional<std::int64_t> version) {
  const Touched touched = std::make_shared<Touched::element_type>(0);
  auto write = [id, changes = std::move(changes), version,
                touched](Transaction& transaction) -> absl::StatusOr<User> {
    absl::StatusOr<User> user = update_user(transaction, id, changes, version);
    if (user.ok() && !changes.empty()) *touched = user->version - 1;
    return user;
  };
  absl::StatusOr<User> user = co_await pool_.transact(std::move(write));
  co_return what_became(std::move(user), touched);
}

Task<UserRepository::Changed> UserRepository::remove(std::int64_t id,
                                                     std::optional<std::int64_t> version) {
  const Touched touched = std::make_shared<Touched::element_type>(0);
  auto write = [id, version, touched](Transaction& transaction) -> absl::StatusOr<User> {
    absl::StatusOr<User> user = delete_user(transaction, id, version);
    if (user.ok()) *touched = user->version;
    return user;
  };
  absl::StatusOr<User> user = co_await pool_.transact(std::move(write));
  co_return what_became(std::move(user), touched);
}

Task<absl::StatusOr<std::optional<Credentials>>> UserRepository::find_credentials(
    std::string email) {
  auto read = [email = std::move(email)](
                  Transaction& transaction) -> absl::StatusOr<std::optional<Credentials>> {
    const Rows rows = transaction.run(kFindCredentials, email);
    if (rows.empty()) return std::nullopt;
    return Credentials{to_user(rows[0]), rows[0].string(kColumnAfterUser)};
  };
  absl::StatusOr<std::optional<Credentials>> found = co_await pool_.query(std::move(read));
  co_return found;
}

Task<absl::Status> UserRepository::replace_password_hash(std::int64_t id, std::string old_hash,
                                                         std::string new_hash) {
  auto write = [id, old_hash = std::move(old_hash),
                new_hash = std::move(new_hash)](Transaction& transaction) -> absl::Status {
    transaction.run(kReplaceHash, id, old_hash, new_hash);
    return absl::OkStatus();
  };
  co_return co_await pool_.transact(std::move(write));
}

}  // namespace weir::users
