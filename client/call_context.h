// SPDX-License-Identifier: Apache-2.0
#pragma once

// CallContext: a grpc::ClientContext that follows the Context of the task that calls: its deadline
// goes to the server, its cancellation becomes TryCancel, its span is the parent of the server's.
//
// Lifetime: declare it before the call's reader, and destroy it only when every tag is back: gRPC
// has no way to take an operation back, so a cancelled call is awaited too; it ends at once.
// Thread: its loop's, but for the cancellation, which may come from any.

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/context.h"
#include "client/retry.h"

namespace weir::client {

// The completion queue that drives `context`'s loop; FAILED_PRECONDITION if it is a loop of another
// kind: calls run on a rpc::CompletionQueueLoop.
absl::StatusOr<grpc::CompletionQueue*> queue_of(const Context& context);

class CallContext final : CancelCallback {
 public:
  explicit CallContext(const Context& context);
  ~CallContext();
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  grpc::ClientContext& grpc() { return grpc_; }

  // Once the call has been prepared, and before its first operation: TryCancel before there is a
  // call would be forgotten.
  void follow_cancellation();

  // After the call's end: its status, or the task's own where the task was the one who ended it.
  absl::Status status(const grpc::Status& ended) const;
  Pushback pushback() const;

 private:
  void on_cancel(CancelReason) override { grpc_.TryCancel(); }

  const Context& context_;
  grpc::ClientContext grpc_;
};

}  // namespace weir::client
