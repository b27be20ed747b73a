// SPDX-License-Identifier: Apache-2.0
#include "server/status/rpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"

namespace weir::status {

google::rpc::Status to_rpc_status(const absl::Status& status) {
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    if (!absl::StartsWith(type_url, "type.googleapis.com/")) return;
    google::protobuf::Any& detail = *rich.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(payload));
  });
  return rich;
}

absl::Status from_rpc_status(const google::rpc::Status& rich) {
  absl::Status status(static_cast<absl::StatusCode>(rich.code()), rich.message());
  for (const google::protobuf::Any& detail : rich.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(absl::string_view(detail.value())));
  }
  return status;
}

}  // namespace weir::status
