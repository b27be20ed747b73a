// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors that several services have, in one place: their codes, reasons and words are part of
// the contract.

#include <cstdint>

#include "absl/status/status.h"

namespace weir::api {

// How a kind of resource is named. String literals.
struct Kind {
  const char* type;        // "weir.users.v1.User"
  const char* noun;        // "user": USER_NOT_FOUND, "there is no user 42"
  const char* collection;  // "users": the resource is "users/42"
};

absl::Status not_found(const Kind& kind, std::int64_t id);

// The connection to the database was lost while the change was being committed.
absl::Status outcome_unknown();

}  // namespace weir::api
