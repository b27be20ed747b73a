// SPDX-License-Identifier: Apache-2.0
#pragma once

// Requests that may be repeated without harm [AIP-155]: a request_id, its first answer, and enough
// of the request to tell a repetition from another request under the same id, kept for 24 hours.
//
//     auto before = claim(transaction, requests);
//     ... the effects of those that have no answer from before ...
//     record(transaction, requests, answers);
//
// Claim, effect and record are one transaction, so there is one effect for each answer. Two that
// come at once take turns: the second waits in `claim` until the first has committed or failed. A
// request that failed leaves nothing behind and may be tried again.

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/postgres/transaction.h"

namespace weir::users::idempotency {

struct Request {
  std::string method;      // ids of different methods do not meet
  std::string request_id;  // not empty
  // Of what must be the same in a repetition, see `fingerprint`.
  std::string hash;
};

// SHA-256 over the parts, in bytes. Never of a secret: it is kept where the secret must not be
// found by trying.
std::string fingerprint(absl::Span<const std::string> parts);

// Of requests of one method, no two with the same id, for each in the order given: the first
// answer, or nullopt: the id is this transaction's now. INVALID_ARGUMENT if it was used for another
// request. Ids are claimed in their own order, so that two of these do not deadlock.
std::vector<absl::StatusOr<std::optional<std::string>>> claim(postgres::Transaction& transaction,
                                                              absl::Span<const Request> requests);

// Also forgets a few of those that are over 24 hours old.
void record(postgres::Transaction& transaction, absl::Span<const Request> requests,
            absl::Span<const std::string> answers);

// One that was claimed and then failed must be forgotten, for the transaction goes on with others.
void forget(postgres::Transaction& transaction, absl::Span<const Request> requests);

}  // namespace weir::users::idempotency
