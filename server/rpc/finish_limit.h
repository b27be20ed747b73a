// SPDX-License-Identifier: Apache-2.0
#pragma once

// FinishLimit: the bound on how long the end of a call may take. While it lives, the end of the
// call's Context ends the call in gRPC too, or, if that was over before, kPatience from now does.
//
// The last write and Finish come back only when the transport has taken them: a client that takes
// nothing would hold the call, and its place, for as long as it likes. TRAP: an answer that is
// given right before the deadline may still be on its way at it, so the client is told which end it
// was; TryCancel would say CANCELLED. Thread: the loop's own, but for the context's end, which the
// drain brings from its own.

#include <grpc/grpc.h>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "server/rpc/server_call.h"

namespace weir::rpc {

class FinishLimit final : CancelCallback, Timer {
 public:
  // For a client that does take what it is sent to learn how its call ended.
  static constexpr Duration kPatience = std::chrono::milliseconds(500);

  explicit FinishLimit(ServerCall& call) : call_(call) {
    const Context& context = call_.context();
    if (context.is_cancelled()) {
      context.loop().schedule_at(*this, context.loop().turn_time() + kPatience);
    } else {
      context.scope().add(*this);
    }
  }
  ~FinishLimit() {
    call_.context().loop().unschedule(*this);
    call_.context().scope().remove(*this);
  }
  FinishLimit(const FinishLimit&) = delete;
  FinishLimit& operator=(const FinishLimit&) = delete;

 private:
  void on_cancel(CancelReason reason) override { end(reason); }
  void fire() override { end(call_.context().scope().reason()); }
  void end(CancelReason reason) {
    const bool is_late = reason == CancelReason::kDeadline;
    grpc_call_cancel_with_status(call_.grpc().c_call(),
                                 is_late ? GRPC_STATUS_DEADLINE_EXCEEDED : GRPC_STATUS_UNAVAILABLE,
                                 "the call's end was not taken in time", nullptr);
  }

  ServerCall& call_;
};

}  // namespace weir::rpc
