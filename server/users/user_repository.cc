// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_repository.h"

#include <atomic>
#include <memory>
#include <utility>

#include "server/api/errors.h"
#include "server/postgres/errors.h"
#include "server/users/errors.h"
#include "server/users/idempotency.h"
#include "server/users/user_codec.h"

namespace weir::users {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// What read_user reads.
#define WEIR_USER_COLUMNS                                              \
  "id, name, email, version, "                                         \
  "(extract(epoch from create_time) * 1000000)::bigint AS create_us, " \
  "(extract(epoch from update_time) * 1000000)::bigint AS update_us"

void read_user(const Row& row, User& user) {
  user.id = row.int64(0);
  user.name = row.string(1);
  user.email = row.string(2);
  user.version = row.int64(3);
  user.create_time = row.time(4);
  user.update_time = row.time(5);
}
constexpr int kColumnAfterUser = 6;

User to_user(const Row& row) {
  User user;
  read_user(row, user);
  return user;
}

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

constexpr Statement kInsert{"insert_user",
                            "INSERT INTO users (name, email, password_hash) VALUES ($1, $2, $3) "
                            "RETURNING " WEIR_USER_COLUMNS};

constexpr Statement kUpdate{
    "update_user",
    "UPDATE users SET name = coalesce($2::text, name), email = coalesce($3::text, email), "
    "version = version + 1, update_time = clock_timestamp() "
    "WHERE id = $1 AND version = coalesce($4::bigint, version) RETURNING " WEIR_USER_COLUMNS};

constexpr Statement kDelete{"delete_user",
                            "DELETE FROM users WHERE id = $1 AND version = coalesce($2::bigint, "
                            "version) RETURNING " WEIR_USER_COLUMNS};

constexpr Statement kExists{"user_exists", "SELECT 1 FROM users WHERE id = $1"};

constexpr Statement kFindCredentials{"credentials_by_email",
                                     "SELECT " WEIR_USER_COLUMNS
                                     ", coalesce(password_hash, '') FROM users WHERE email = $1"};

constexpr Statement kReplaceHash{
    "replace_password_hash",
    "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2"};

#undef WEIR_USER_COLUMNS

// Why a change of that row, or of that version of it, found nothing to change.
absl::Status nothing_changed(Transaction& transaction, std::int64_t id) {
  return transaction.run(kExists, id).empty() ? user_not_found(id) : etag_mismatch(id);
}

// A status of the pool, in the words of the domain where it means something there.
absl::Status in_our_words(const absl::Status& status) {
  if (absl::IsAlreadyExists(status) && postgres::violated_constraint(status) == "users_email_key") {
    return email_taken();
  }
  return postgres::is_in_doubt(status) ? api::outcome_unknown() : status;
}

absl::StatusOr<UserRepository::Created> insert(Transaction& transaction, const NewUser& user) {
  const std::optional<std::string> hash =
      user.password_hash.empty() ? std::nullopt : std::optional(user.password_hash);
  UserRepository::Created created;
  created.user = to_user(transaction.run(kInsert, user.name, user.email, hash)[0]);
  return created;
}

// The password is not compared with the one of the first request, only whether there is one: what
// is kept to compare it with could be used to guess it, at less than Argon2's price.
idempotency::Request request_of(const NewUser& user) {
  const std::string has_password = user.password_hash.empty() ? "" : "password";
  return {"weir.users.v1.UserService/CreateUser", user.request_id,
          idempotency::fingerprint({user.name, user.email, has_password})};
}

absl::StatusOr<UserRepository::Created> insert_once(Transaction& transaction, const NewUser& user) {
  const idempotency::Request request = request_of(user);
  absl::StatusOr<std::optional<std::string>> first = idempotency::claim(transaction, request);
  if (!first.ok()) return first.status();
  if (first->has_value()) {
    std::optional<User> answered = decode_answer(**first);
    if (!answered) return absl::InternalError("an answer that was kept cannot be read");
    UserRepository::Created created;
    created.user = *std::move(answered);
    created.repeated = true;
    return created;
  }
  absl::StatusOr<UserRepository::Created> created = insert(transaction, user);
  if (created.ok()) idempotency::record(transaction, request, encode_answer(created->user));
  return created;
}

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

UserRepository::UserRepository(postgres::Pool& pool)
    : pool_(pool), by_id_(pool, {kFindAll, read_user}) {}

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

Task<absl::StatusOr<UserRepository::Created>> UserRepository::create(NewUser user) {
  auto write = [user = std::move(user)](Transaction& transaction) {
    return user.request_id.empty() ? insert(transaction, user) : insert_once(transaction, user);
  };
  absl::StatusOr<Created> created = co_await pool_.transact(std::move(write));
  if (!created.ok()) co_return in_our_words(created.status());
  co_return created;
}

Task<UserRepository::Changed> UserRepository::update(std::int64_t id, UserChanges changes,
                                                     std::optional<std::int64_t> version) {
  const Touched touched = std::make_shared<Touched::element_type>(0);
  auto write = [id, changes = std::move(changes), version,
                touched](Transaction& transaction) -> absl::StatusOr<User> {
    const Rows rows = transaction.run(kUpdate, id, changes.name, changes.email, version);
    if (rows.empty()) return nothing_changed(transaction, id);
    User user = to_user(rows[0]);
    *touched = user.version - 1;
    return user;
  };
  absl::StatusOr<User> user = co_await pool_.transact(std::move(write));
  co_return what_became(std::move(user), touched);
}

Task<UserRepository::Changed> UserRepository::remove(std::int64_t id,
                                                     std::optional<std::int64_t> version) {
  const Touched touched = std::make_shared<Touched::element_type>(0);
  auto write = [id, version, touched](Transaction& transaction) -> absl::StatusOr<User> {
    const Rows rows = transaction.run(kDelete, id, version);
    if (rows.empty()) return nothing_changed(transaction, id);
    User user = to_user(rows[0]);
    *touched = user.version;
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
  co_return co_await pool_.query(std::move(read));
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
