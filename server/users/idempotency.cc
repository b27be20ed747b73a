// SPDX-License-Identifier: Apache-2.0
#include "server/users/idempotency.h"

#include <openssl/evp.h>

#include <cstdint>
#include <new>

#include "absl/strings/str_cat.h"
#include "server/users/errors.h"

namespace weir::users::idempotency {
namespace {

using postgres::Bytes;
using postgres::Rows;
using postgres::Statement;

// An expired id is as good as new. One that another transaction has claimed is waited for here; if
// that one commits, no row comes back.
constexpr Statement kClaim{"claim_request_id", R"(
  INSERT INTO idempotency_keys AS held (method, request_id, request_hash, response)
  VALUES ($1, $2, $3, '')
  ON CONFLICT (method, request_id) DO UPDATE
    SET request_hash = EXCLUDED.request_hash, response = '', create_time = now()
    WHERE held.create_time < now() - interval '24 hours'
  RETURNING 1)"};

constexpr Statement kFirstAnswer{"first_answer", R"(
  SELECT request_hash, response FROM idempotency_keys WHERE method = $1 AND request_id = $2)"};

// Each new id removes up to two old ones, so the table stays as large as a day's ids without
// anybody having to sweep it.
constexpr Statement kRecord{"record_answer", R"(
  WITH expired AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency_keys WHERE create_time < now() - interval '24 hours'
      ORDER BY create_time LIMIT 2 FOR UPDATE SKIP LOCKED)))
  UPDATE idempotency_keys SET response = $3 WHERE method = $1 AND request_id = $2)"};

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

absl::StatusOr<std::optional<std::string>> claim(postgres::Transaction& transaction,
                                                 const Request& request) {
  const Rows claimed =
      transaction.run(kClaim, request.method, request.request_id, Bytes(request.hash));
  if (!claimed.empty()) return std::nullopt;
  const Rows first = transaction.run(kFirstAnswer, request.method, request.request_id);
  // It expired between the two statements.
  if (first.empty()) return absl::AbortedError("the request_id has just expired; try again");
  if (first[0].bytes(0) != request.hash) return request_id_reused();
  return first[0].bytes(1);
}

void record(postgres::Transaction& transaction, const Request& request, const std::string& answer) {
  transaction.run(kRecord, request.method, request.request_id, Bytes(answer));
}

}  // namespace weir::users::idempotency
