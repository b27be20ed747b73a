// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a client reads out of an error.

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace weir::testing {

// What a client switches on.
std::string reason_of(const absl::Status& status);
// The fields that an INVALID_ARGUMENT names; any other status is a failure of the test.
std::vector<std::string> bad_fields(const absl::Status& status);
// The name of the resource that an error is about.
std::string resource_of(const absl::Status& status);

}  // namespace weir::testing
