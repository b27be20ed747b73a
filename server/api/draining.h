// SPDX-License-Identifier: Apache-2.0
#pragma once

// until_draining: a stream that would last ends when the server is going away, so that its client
// resumes on another one instead of holding the drain up.
//
//     co_return co_await api::until_draining(draining_, follow(request, writer));
//
// The stream is then asked to stop, and the call ends with UNAVAILABLE, DRAINING, and RetryInfo.
// `draining` is cancelled when the drain refuses new calls (server/rpc/drain.h).

#include "absl/status/status.h"
#include "async/cancellation.h"
#include "async/task.h"

namespace weir::api {

Task<absl::Status> until_draining(CancellationToken draining, Task<absl::Status> stream);

}  // namespace weir::api
