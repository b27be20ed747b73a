// SPDX-License-Identifier: Apache-2.0
#include "tests/support/error_details.h"

#include <gtest/gtest.h>

#include "server/status/details.h"

namespace weir::testing {

std::string reason_of(const absl::Status& status) {
  const auto info = status::detail_of<google::rpc::ErrorInfo>(status);
  return info ? info->reason() : "";
}

std::vector<std::string> bad_fields(const absl::Status& status) {
  std::vector<std::string> fields;
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  if (const auto details = status::detail_of<google::rpc::BadRequest>(status)) {
    for (const auto& violation : details->field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

std::string resource_of(const absl::Status& status) {
  const auto resource = status::detail_of<google::rpc::ResourceInfo>(status);
  return resource ? resource->resource_name() : "";
}

}  // namespace weir::testing
