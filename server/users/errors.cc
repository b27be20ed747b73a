// SPDX-License-Identifier: Apache-2.0
#include "server/users/errors.h"

#include "absl/strings/str_cat.h"
#include "server/api/errors.h"
#include "server/status/details.h"

namespace weir::users {

using absl::StatusCode;
using status::Error;

namespace {

constexpr api::Kind kKind{"weir.users.v1.User", "user", "users"};

}  // namespace

absl::Status user_not_found(std::int64_t id) { return api::not_found(kKind, id); }

absl::Status email_taken() {
  return Error(StatusCode::kAlreadyExists, "EMAIL_TAKEN",
               "another user has this e-mail address; choose another")
      .metadata("field", "email")
      .resource(kKind.type, "");
}

absl::Status etag_mismatch(std::int64_t id) {
  return Error(StatusCode::kAborted, "ETAG_MISMATCH",
               absl::StrCat("user ", id,
                            " has changed since this etag was given out; read it again and repeat "
                            "the change with the new etag"))
      .metadata("id", absl::StrCat(id));
}

absl::Status request_id_reused() {
  status::BadRequest bad;
  bad.add("request_id", "was used before, in a request with other contents");
  return bad;
}

absl::Status wrong_password() {
  return Error(StatusCode::kUnauthenticated, "WRONG_PASSWORD",
               "the e-mail address or the password is wrong");
}

absl::Status invalid_resume_token() {
  status::BadRequest bad;
  bad.add("resume_token", "is not one that this service gave out");
  return bad;
}

absl::Status resume_token_expired() {
  return Error(StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED",
               "events after this resume_token are no longer kept; watch "
               "without a token, then list the users");
}

absl::Status watch_too_slow() {
  return Error(StatusCode::kOutOfRange, "WATCH_TOO_SLOW",
               "the events were not taken as fast as they came; nothing is lost yet: watch again "
               "with the last resume_token, and read faster")
      .retry_after(std::chrono::milliseconds(100));
}

absl::Status feed_unavailable() {
  return Error(StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
               "the database cannot be read at the moment; try again")
      .retry_after(std::chrono::seconds(1));
}

}  // namespace weir::users
