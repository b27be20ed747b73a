// SPDX-License-Identifier: Apache-2.0
#include "server/redis/reply.h"

#include <hiredis/hiredis.h>

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace weir::redis {
namespace {

// The error replies that say "not now" or "not here": another replica or a little later may do.
constexpr std::array<const char*, 12> kUnavailable = {
    "LOADING", "BUSY",        "MASTERDOWN", "READONLY", "OOM", "MISCONF",
    "NOAUTH",  "CLUSTERDOWN", "TRYAGAIN",   "MOVED",    "ASK", "NOREPLICAS",
};

absl::Status unexpected(const Reply& reply) {
  if (reply.kind == Reply::Kind::kError) return to_status(reply);
  return absl::InternalError("Redis answered with another kind of reply than expected");
}

}  // namespace

Reply to_reply(const redisReply& reply) {
  Reply copy;
  switch (reply.type) {
    case REDIS_REPLY_NIL:
      break;
    case REDIS_REPLY_INTEGER:
      copy.kind = Reply::Kind::kInteger;
      copy.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      copy.kind = Reply::Kind::kString;
      copy.string.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_ERROR:
      copy.kind = Reply::Kind::kError;
      copy.string.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = Reply::Kind::kArray;
      copy.items.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) {
        copy.items.push_back(to_reply(*reply.element[i]));
      }
      break;
    default:
      copy.kind = Reply::Kind::kError;
      copy.string = "ERR a kind of reply that RESP2 does not have";
  }
  return copy;
}

absl::Status to_status(const Reply& reply) {
  if (reply.kind != Reply::Kind::kError) return absl::OkStatus();
  const std::string message = absl::StrCat("Redis: ", reply.string);
  for (const char* code : kUnavailable) {
    if (absl::StartsWith(reply.string, code)) return absl::UnavailableError(message);
  }
  if (absl::StartsWith(reply.string, "WRONGTYPE")) return absl::FailedPreconditionError(message);
  return absl::InternalError(message);
}

absl::StatusOr<std::optional<std::string>> to_optional_string(Reply reply) {
  if (reply.kind == Reply::Kind::kNil) return std::nullopt;
  if (reply.kind != Reply::Kind::kString) return unexpected(reply);
  return std::move(reply.string);
}

absl::StatusOr<std::int64_t> to_integer(const Reply& reply) {
  if (reply.kind != Reply::Kind::kInteger) return unexpected(reply);
  return reply.integer;
}

absl::Status to_ok(const Reply& reply) {
  if (reply.kind == Reply::Kind::kString && reply.string == "OK") return absl::OkStatus();
  return unexpected(reply);
}

}  // namespace weir::redis
