// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is in PEM files of certificates and keys, checked as gRPC's TLS will read them. Thread: any.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace weir::rpc {

// The end of the first of these certificates to end, in seconds since 1970. INVALID_ARGUMENT, as
// the end of a sentence that begins with the file, if there is none or one is not whole.
absl::StatusOr<std::int64_t> first_expiry(const std::string& certificates);

// Whether `key` is that of the first of `certificates`, and TLS takes both. INVALID_ARGUMENT for
// the certificate, FAILED_PRECONDITION for the key.
absl::Status check_pair(const std::string& certificates, const std::string& key);

}  // namespace weir::rpc
