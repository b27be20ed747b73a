// SPDX-License-Identifier: Apache-2.0
#pragma once

// FinishLimit: the bound on how long the end of a call may take. While it lives, kPatience after the
// end of the call's Context, or after now if that was over before, the call ends in gRPC too.
//
// The last write and Finish come back only when the transport has taken them: a client that takes
// nothing would hold the call, and its place, for as long as it likes. TRAP: an answer that is given
// at the very deadline is on its way; ending the call at once, too, would tell the client that the
// server cancelled it. Thread: the loop's own.

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
    CancelScope& scope = call_.context().scope();
    if (scope.is_cancelled()) {
      wait();
    } else {
      scope.add(*this);
    }
  }
  ~FinishLimit() {
    call_.context().loop().unschedule(*this);
    call_.context().scope().remove(*this);
  }
  FinishLimit(const FinishLimit&) = delete;
  FinishLimit& operator=(const FinishLimit&) = delete;

 private:
  void on_cancel(CancelReason) override { wait(); }
  void wait() {
    EventLoop& loop = call_.context().loop();
    loop.schedule_at(*this, loop.turn_time() + kPatience);
  }
  void fire() override {
    grpc_call_cancel_with_status(call_.grpc().c_call(), GRPC_STATUS_DEADLINE_EXCEEDED,
                                 "the client did not take the call's end in time", nullptr);
  }

  ServerCall& call_;
};

}  // namespace weir::rpc
