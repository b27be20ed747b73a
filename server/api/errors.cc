// SPDX-License-Identifier: Apache-2.0
#include "server/api/errors.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/status/details.h"

namespace weir::api {

using absl::StatusCode;
using status::Error;

absl::Status not_found(const Kind& kind, std::int64_t id) {
  return Error(StatusCode::kNotFound, absl::StrCat(absl::AsciiStrToUpper(kind.noun), "_NOT_FOUND"),
               absl::StrCat("there is no ", kind.noun, " ", id))
      .metadata("id", absl::StrCat(id))
      .resource(kind.type, absl::StrCat(kind.collection, "/", id));
}

absl::Status outcome_unknown() {
  return Error(StatusCode::kUnavailable, "OUTCOME_UNKNOWN",
               "the database was lost while the change was being saved: it may or may not have "
               "taken effect; read before trying again, or use a request_id or an etag");
}

}  // namespace weir::api
