// SPDX-License-Identifier: Apache-2.0
#include "server/batch/patience.h"

#include "google/rpc/error_details.pb.h"
#include "server/postgres/errors.h"
#include "server/status/details.h"

namespace weir::batch {

bool can_pass(const absl::Status& status) {
  if (status.GetPayload(status::type_url<google::rpc::ErrorInfo>())) return false;
  if (postgres::is_in_doubt(status)) return true;
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
      return true;
    case absl::StatusCode::kDeadlineExceeded:
      // The statement's limit, not the caller's.
      return !postgres::sqlstate_of(status).empty();
    default:
      return false;
  }
}

}  // namespace weir::batch
