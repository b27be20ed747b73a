// SPDX-License-Identifier: Apache-2.0
#include "rpc/status.h"

#include <string>

#include "server/status/rpc_status.h"

namespace weir::rpc {

grpc::Status to_grpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rich = status::to_rpc_status(status);
  const std::string details = rich.details().empty() ? "" : rich.SerializeAsString();
  return {static_cast<grpc::StatusCode>(status.code()), rich.message(), details};
}

absl::Status from_grpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status rich;
  // What is not that message has no details for us.
  if (!rich.ParseFromString(status.error_details())) rich.Clear();
  rich.set_code(status.error_code());
  rich.set_message(status.error_message());
  return status::from_rpc_status(rich);
}

}  // namespace weir::rpc
