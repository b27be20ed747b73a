// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reply: what Redis answered to one command. Strings are bytes, not text.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

struct redisReply;

namespace weir::redis {

struct Reply {
  enum class Kind : unsigned char { kNil, kString, kInteger, kArray, kError };

  Kind kind = Kind::kNil;
  std::int64_t integer = 0;
  std::string string;  // of a string, a status ("OK") and an error
  std::vector<Reply> items;
};

// Copies hiredis's reply. Of a kind that RESP2 does not have it makes an error.
Reply to_reply(const redisReply& reply);

// What a reply means to one who expects a given kind. An error reply becomes a status: UNAVAILABLE
// while Redis cannot serve (LOADING, READONLY, OOM ...), FAILED_PRECONDITION for a key of another
// type, INTERNAL for the rest and for a reply of another kind than expected.
absl::Status to_status(const Reply& reply);
absl::StatusOr<std::optional<std::string>> to_optional_string(Reply reply);
absl::StatusOr<std::int64_t> to_integer(const Reply& reply);
absl::Status to_ok(const Reply& reply);

}  // namespace weir::redis
