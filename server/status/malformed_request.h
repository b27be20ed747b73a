// SPDX-License-Identifier: Apache-2.0
#pragma once

// malformed_request: why the bytes of a request could not be parsed, for whoever sent them.
//
// protobuf's parser refuses a whole message if one string in it is not UTF-8, without a word about
// which; gRPC would answer INTERNAL. The contract wants INVALID_ARGUMENT and the field's path, so
// the rpc layer asks here once parsing has failed. It reads the bytes once more, copies none of
// them, and stops when an answer is full.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace weir::status {

// INVALID_ARGUMENT. Call it only for bytes that did not parse as a message of `type`.
absl::Status malformed_request(const google::protobuf::Descriptor& type, absl::string_view bytes);

}  // namespace weir::status
