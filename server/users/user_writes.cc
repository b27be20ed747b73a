// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_writes.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "server/api/errors.h"
#include "server/postgres/errors.h"
#include "server/users/errors.h"
#include "server/users/idempotency.h"
#include "server/users/user_codec.h"
#include "server/users/user_rows.h"

namespace weir::users {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;
using Outcomes = std::vector<absl::StatusOr<Created>>;
using Slots = std::vector<std::size_t>;  // of outcomes

constexpr Statement kInsert{
    "insert_users",
    "INSERT INTO users (name, email, password_hash) "
    "SELECT name, email, nullif(hash, '') "
    "FROM unnest($1::text[], $2::text[], $3::text[]) AS new (name, email, hash) "
    "ON CONFLICT (email) DO NOTHING RETURNING " WEIR_USER_COLUMNS};

constexpr Statement kUpdate{
    "update_user",
    "UPDATE users SET name = coalesce($2::text, name), email = coalesce($3::text, email), "
    "version = version + 1, update_time = clock_timestamp() "
    "WHERE id = $1 AND version = coalesce($4::bigint, version) RETURNING " WEIR_USER_COLUMNS};

constexpr Statement kDelete{"delete_user",
                            "DELETE FROM users WHERE id = $1 AND version = coalesce($2::bigint, "
                            "version) RETURNING " WEIR_USER_COLUMNS};

constexpr Statement kFind{"find_user", "SELECT " WEIR_USER_COLUMNS " FROM users WHERE id = $1"};

constexpr Statement kExists{"user_exists", "SELECT 1 FROM users WHERE id = $1"};

// Why a change of that row, or of that version of it, found nothing to change.
absl::Status nothing_changed(Transaction& transaction, std::int64_t id) {
  return transaction.run(kExists, id).empty() ? user_not_found(id) : etag_mismatch(id);
}

// The password is not compared with the one of the first request, only whether there is one: what
// is kept to compare it with could be used to guess it, at less than Argon2's price.
idempotency::Request request_of(const NewUser& user) {
  const std::string has_password = user.password_hash.empty() ? "" : "password";
  return {"weir.users.v1.UserService/CreateUser", user.request_id,
          idempotency::fingerprint({user.name, user.email, has_password})};
}

absl::StatusOr<Created> repeat(const std::string& answer) {
  std::optional<User> answered = decode_answer(answer);
  if (!answered) return absl::InternalError("an answer that was kept cannot be read");
  Created created;
  created.user = *std::move(answered);
  created.repeated = true;
  return created;
}

// Claims the request_ids of those that have one, and answers those that were answered before.
// Returns whose are new; those whose request_id comes twice are put off to `again`.
Slots claim_ids(Transaction& transaction, absl::Span<const NewUser> users, Outcomes& outcomes,
                Slots& again) {
  Slots fresh;
  Slots claimants;
  std::vector<idempotency::Request> requests;
  absl::flat_hash_set<absl::string_view> seen;
  for (std::size_t slot = 0; slot < users.size(); ++slot) {
    if (users[slot].request_id.empty()) {
      fresh.push_back(slot);
    } else if (!seen.insert(users[slot].request_id).second) {
      again.push_back(slot);
    } else {
      claimants.push_back(slot);
      requests.push_back(request_of(users[slot]));
    }
  }
  const auto claims = idempotency::claim(transaction, requests);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const std::size_t slot = claimants[i];
    if (!claims[i].ok()) {
      outcomes[slot] = claims[i].status();
    } else if (claims[i]->has_value()) {
      outcomes[slot] = repeat(**claims[i]);
    } else {
      fresh.push_back(slot);
    }
  }
  return fresh;
}

// `slots` have different e-mail addresses.
void insert_new(Transaction& transaction, absl::Span<const NewUser> users, const Slots& slots,
                Outcomes& outcomes) {
  std::vector<std::string> names;
  std::vector<std::string> emails;
  std::vector<std::string> hashes;
  absl::flat_hash_map<absl::string_view, std::size_t> by_email;
  for (const std::size_t slot : slots) {
    names.push_back(users[slot].name);
    emails.push_back(users[slot].email);
    hashes.push_back(users[slot].password_hash);
    by_email.emplace(users[slot].email, slot);
    outcomes[slot] = email_taken();
  }
  for (const Row row : transaction.run(kInsert, names, emails, hashes)) {
    Created created;
    created.user = to_user(row);
    const std::size_t slot = by_email.at(created.user.email);
    outcomes[slot] = std::move(created);
  }
}

// What was claimed and failed is forgotten, so that it may be tried again.
void record_answers(Transaction& transaction, absl::Span<const NewUser> users, const Slots& slots,
                    const Outcomes& outcomes) {
  std::vector<idempotency::Request> failed;
  std::vector<idempotency::Request> done;
  std::vector<std::string> answers;
  for (const std::size_t slot : slots) {
    if (users[slot].request_id.empty()) continue;
    if (outcomes[slot].ok()) {
      done.push_back(request_of(users[slot]));
      answers.push_back(encode_answer(outcomes[slot]->user));
    } else {
      failed.push_back(request_of(users[slot]));
    }
  }
  idempotency::record(transaction, done, answers);
  idempotency::forget(transaction, failed);
}

}  // namespace

std::vector<absl::StatusOr<Created>> insert_users(Transaction& transaction,
                                                  absl::Span<const NewUser> users) {
  Outcomes outcomes(users.size(), absl::UnknownError(""));
  Slots again;
  Slots fresh = claim_ids(transaction, users, outcomes, again);

  // Of those with the same e-mail address the first gets it, if any.
  std::sort(fresh.begin(), fresh.end(), [&](std::size_t a, std::size_t b) {
    const int order = users[a].email.compare(users[b].email);
    return order != 0 ? order < 0 : a < b;
  });
  Slots firsts;
  for (const std::size_t slot : fresh) {
    if (firsts.empty() || users[firsts.back()].email != users[slot].email) {
      firsts.push_back(slot);
    } else {
      outcomes[slot] = email_taken();
    }
  }
  if (!firsts.empty()) insert_new(transaction, users, firsts, outcomes);
  record_answers(transaction, users, fresh, outcomes);

  // By now what they repeat has been recorded, or has failed; then its e-mail address is taken.
  for (const std::size_t slot : again) {
    outcomes[slot] = insert_users(transaction, users.subspan(slot, 1)).front();
  }
  return outcomes;
}

absl::StatusOr<User> update_user(Transaction& transaction, std::int64_t id,
                                 const UserChanges& changes, std::optional<std::int64_t> version) {
  if (changes.empty()) {
    absl::StatusOr<User> user = find_user(transaction, id);
    if (user.ok() && version && *version != user->version) return etag_mismatch(id);
    return user;
  }
  const Rows rows = transaction.run(kUpdate, id, changes.name, changes.email, version);
  if (rows.empty()) return nothing_changed(transaction, id);
  return to_user(rows[0]);
}

absl::StatusOr<User> delete_user(Transaction& transaction, std::int64_t id,
                                 std::optional<std::int64_t> version) {
  const Rows rows = transaction.run(kDelete, id, version);
  if (rows.empty()) return nothing_changed(transaction, id);
  return to_user(rows[0]);
}

absl::StatusOr<User> find_user(Transaction& transaction, std::int64_t id) {
  const Rows rows = transaction.run(kFind, id);
  if (rows.empty()) return user_not_found(id);
  return to_user(rows[0]);
}

absl::Status in_our_words(const absl::Status& status) {
  if (absl::IsAlreadyExists(status) && postgres::violated_constraint(status) == "users_email_key") {
    return email_taken();
  }
  return postgres::is_in_doubt(status) ? api::outcome_unknown() : status;
}

}  // namespace weir::users
