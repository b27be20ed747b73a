// SPDX-License-Identifier: Apache-2.0
#include "server/users/idempotency.h"

#include <openssl/evp.h>

#include <cstdint>
#include <new>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/users/errors.h"

namespace weir::users::idempotency {
namespace {

using postgres::Bytes;
using postgres::Rows;
using postgres::Statement;

// An expired id is as good as new. One that another transaction has claimed is waited for here; if
// that one commits, no row comes back.
constexpr Statement kClaim{"claim_request_ids", R"(
  INSERT INTO idempotency_keys AS held (method, request_id, request_hash, response)
  SELECT $1, request_id, request_hash, ''
  FROM unnest($2::text[], $3::bytea[]) AS new (request_id, request_hash) ORDER BY request_id
  ON CONFLICT (method, request_id) DO UPDATE
    SET request_hash = EXCLUDED.request_hash, response = '', create_time = now()
    WHERE held.create_time < now() - interval '24 hours'
  RETURNING request_id)"};

constexpr Statement kFirstAnswers{"first_answers", R"(
  SELECT request_hash, response, request_id FROM idempotency_keys
  WHERE method = $1 AND request_id = ANY($2::text[]))"};

// Each new id removes up to two old ones, so the table stays as large as a day's ids without
// anybody having to sweep it.
constexpr Statement kRecord{"record_answers", R"(
  WITH expired AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency_keys WHERE create_time < now() - interval '24 hours'
      ORDER BY create_time LIMIT 2 * cardinality($2::text[]) FOR UPDATE SKIP LOCKED)))
  UPDATE idempotency_keys SET response = new.response
  FROM unnest($2::text[], $3::bytea[]) AS new (id, response)
  WHERE method = $1 AND request_id = new.id)"};

constexpr Statement kForget{"forget_request_ids", R"(
  DELETE FROM idempotency_keys WHERE method = $1 AND request_id = ANY($2::text[]))"};

std::vector<std::string> ids_of(absl::Span<const Request> requests) {
  std::vector<std::string> ids;
  ids.reserve(requests.size());
  for (const Request& request : requests) ids.push_back(request.request_id);
  return ids;
}

absl::StatusOr<std::optional<std::string>> first_answer(const Rows& kept, std::size_t at,
                                                        const Request& request) {
  if (kept[at].bytes(0) != request.hash) return request_id_reused();
  return kept[at].bytes(1);
}

// It was held by another and expired between the two statements.
absl::Status expired_just_now() {
  return absl::AbortedError("the request_id has just expired; try again");
}

}  // namespace

std::string fingerprint(absl::Span<const std::string> parts) {
  std::string bytes;
  for (const std::string& part : parts) absl::StrAppend(&bytes, part.size(), ":", part);
  std::string digest(32, '\0');
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();  // it fails only for want of memory
  }
  return digest;
}

std::vector<absl::StatusOr<std::optional<std::string>>> claim(postgres::Transaction& transaction,
                                                              absl::Span<const Request> requests) {
  std::vector<absl::StatusOr<std::optional<std::string>>> outcomes(requests.size(),
                                                                   expired_just_now());
  if (requests.empty()) return outcomes;
  absl::flat_hash_map<std::string_view, std::size_t> slots;
  std::vector<Bytes> hashes;
  for (std::size_t slot = 0; slot < requests.size(); ++slot) {
    slots.emplace(requests[slot].request_id, slot);
    hashes.emplace_back(requests[slot].hash);
  }
  const std::string& method = requests[0].method;
  const std::vector<std::string> ids = ids_of(requests);
  const Rows claimed = transaction.run(kClaim, method, ids, hashes);
  for (const auto row : claimed) outcomes[slots.at(row.view(0))] = std::nullopt;
  if (claimed.size() == requests.size()) return outcomes;
  const Rows kept = transaction.run(kFirstAnswers, method, ids);
  for (std::size_t at = 0; at < kept.size(); ++at) {
    const std::size_t slot = slots.at(kept[at].view(2));
    if (outcomes[slot].ok()) continue;  // ours
    outcomes[slot] = first_answer(kept, at, requests[slot]);
  }
  return outcomes;
}

void record(postgres::Transaction& transaction, absl::Span<const Request> requests,
            absl::Span<const std::string> answers) {
  if (requests.empty()) return;
  std::vector<Bytes> bytes;
  for (const std::string& answer : answers) bytes.emplace_back(answer);
  transaction.run(kRecord, requests[0].method, ids_of(requests), bytes);
}

void forget(postgres::Transaction& transaction, absl::Span<const Request> requests) {
  if (requests.empty()) return;
  transaction.run(kForget, requests[0].method, ids_of(requests));
}

}  // namespace weir::users::idempotency
