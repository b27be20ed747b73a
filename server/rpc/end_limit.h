// SPDX-License-Identifier: Apache-2.0
#pragma once

// EndLimit: the bound on operations of a call that nothing else ends. While it lives, the end of
// the call's Context ends the call in gRPC too, or, if that was over before, kPatience from now
// does.
//
// The read of the request comes back only when it has come whole, the last write and Finish only
// when the transport has taken them: a client that sends nothing, or takes nothing, would hold the
// call, and its place, for as long as it likes. TRAP: an answer that is
// given right before the deadline may still be on its way at it, so the client is told which end it
// was; TryCancel would say CANCELLED. Thread: the loop's own, but for the context's end, which the
// drain brings from its own.

#include <grpc/grpc.h>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "server/rpc/server_call.h"

namespace weir::rpc {

class EndLimit final : CancelCallback, Timer {
 public:
  // For a client that does take what it is sent to learn how its call ended.
  static constexpr Duration kPatience = std::chrono::milliseconds(500);

  explicit EndLimit(ServerCall& call) : call_(call) {
    const Context& context = call_.context();
    if (context.is_cancelled()) {
      context.loop().schedule_at(*this, context.loop().turn_time() + kPatience);
    } else {
      context.scope().add(*this);
    }
  }
  ~EndLimit() {
    call_.context().loop().unschedule(*this);
    call_.context().scope().remove(*this);
  }
  EndLimit(const EndLimit&) = delete;
  EndLimit& operator=(const EndLimit&) = delete;

 private:
  void on_cancel(CancelReason reason) override { end(reason); }
  void fire() override { end(call_.context().scope().reason()); }
  void end(CancelReason reason) {
    const bool is_late = reason == CancelReason::kDeadline;
    grpc_call_cancel_with_status(call_.grpc().c_call(),
                                 is_late ? GRPC_STATUS_DEADLINE_EXCEEDED : GRPC_STATUS_UNAVAILABLE,
                                 "the call did not end in time", nullptr);
  }

  ServerCall& call_;
};

}  // namespace weir::rpc
