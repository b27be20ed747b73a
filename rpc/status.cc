// SPDX-License-Identifier: Apache-2.0
#include "rpc/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "google/rpc/status.pb.h"

namespace weir::rpc {

grpc::Status to_grpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message(status.message());
  google::rpc::Status rich;
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    // The others are for code inside this process, such as an SQLSTATE: never for clients.
    if (!absl::StartsWith(type_url, "type.googleapis.com/")) return;
    google::protobuf::Any& detail = *rich.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(payload));
  });
  std::string details;
  if (rich.details_size() > 0) {
    rich.set_code(static_cast<int>(status.code()));
    rich.set_message(message);
    details = rich.SerializeAsString();
  }
  return {static_cast<grpc::StatusCode>(status.code()), message, details};
}

absl::Status from_grpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status rich;
  if (rich.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : rich.details()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace weir::rpc
