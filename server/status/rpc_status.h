// SPDX-License-Identifier: Apache-2.0
#pragma once

// absl::Status as google.rpc.Status and back, details included: how an error travels inside a
// message, or in grpc-status-details-bin.

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace weir::status {

// Payloads that are not google.rpc details stay behind: they are for code inside this process, such
// as an SQLSTATE, and never for clients.
google::rpc::Status to_rpc_status(const absl::Status& status);

absl::Status from_rpc_status(const google::rpc::Status& status);

}  // namespace weir::status
