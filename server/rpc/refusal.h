// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a call that is refused is told, and when it may try again.

#include <cstddef>

#include "absl/status/status.h"
#include "async/time.h"
#include "server/rpc/call_cells.h"

namespace weir::rpc {

// UNAVAILABLE where another server, or this one later, may do it, DEADLINE_EXCEEDED where nobody
// can in time, RESOURCE_EXHAUSTED where the client's own quota is the reason. Those that can be
// tried again say in RetryInfo when. Made once each: a refusal must cost far less than a call.
const absl::Status& refusal(Refusal why);

// The client has sent everything, and it was not a request.
const absl::Status& no_request();

// Of a message that is larger, inflated if it is compressed.
absl::Status message_too_large(std::size_t max_bytes);

// For grpc-retry-pushback-ms; zero: it says nothing.
Duration pushback(Refusal why);

}  // namespace weir::rpc
