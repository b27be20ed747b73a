// SPDX-License-Identifier: Apache-2.0
#pragma once

// http_get: a page of a server's admin port. Blocks for at most `limit`.

#include <string>

#include "absl/status/statusor.h"
#include "async/time.h"

namespace weir::cli {

// `address` is host:port, `path` begins with a slash; no `token`: none is sent. UNAVAILABLE, with
// the reason, if nobody answers with 200; UNAUTHENTICATED or PERMISSION_DENIED, with what to do, if
// that is what the server says.
absl::StatusOr<std::string> http_get(const std::string& address, const std::string& path,
                                     const std::string& token, Duration limit);

}  // namespace weir::cli
