// SPDX-License-Identifier: Apache-2.0
#pragma once

// absl::Status as grpc::Status and back, details included: payloads keyed by type URL travel as
// google.rpc.Status in grpc-status-details-bin [AIP-193].

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace weir::rpc {

grpc::Status to_grpc(const absl::Status& status);
absl::Status from_grpc(const grpc::Status& status);

}  // namespace weir::rpc
