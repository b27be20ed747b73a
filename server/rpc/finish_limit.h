// SPDX-License-Identifier: Apache-2.0
#pragma once

// FinishLimit: the bound on how long the end of a call may take. While it lives, the end of the
// call's Context ends the call in gRPC too, or, if that was over before, kPatience from now does.
//
// The last write and Finish come back only when the transport has taken them: a client that takes
// nothing would hold the call, and its place, for as long as it likes. Thread: the loop's own.

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
  void on_cancel(CancelReason) override { call_.grpc().TryCancel(); }
  void fire() override { call_.grpc().TryCancel(); }

  ServerCall& call_;
};

}  // namespace weir::rpc
