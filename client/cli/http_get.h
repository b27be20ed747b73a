// SPDX-License-Identifier: Apache-2.0
#pragma once

// http_get: a page of a server's admin port. Blocks for at most `limit`.

#include <string>

#include "absl/status/statusor.h"
#include "async/time.h"

namespace weir::cli {

// `address` is host:port, `path` begins with a slash. UNAVAILABLE, with the reason, if nobody
// answers with 200.
absl::StatusOr<std::string> http_get(const std::string& address, const std::string& path,
                                     Duration limit);

}  // namespace weir::cli
