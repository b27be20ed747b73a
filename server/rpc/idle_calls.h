// SPDX-License-Identifier: Apache-2.0
#pragma once

// IdleCalls: ends the calls whose clients owe them something, a message or room for one, and have
// given nothing for too long. Without it a stream, which may last, would hold its place for as long
// as its client likes. It looks at all calls now and then: a timer for each wait would cost each
// message more than it costs all of them together.
//
// Thread: the loop's own.

#include <array>

#include "async/detail/intrusive_list.h"
#include "async/event_loop.h"
#include "server/rpc/server_call.h"

namespace weir::rpc {

class IdleCalls final : Timer {
 public:
  using Calls = weir::detail::IntrusiveList<ServerCall, ServerCall>;

  // `limit`: give or take a quarter.
  IdleCalls(EventLoop& loop, std::array<const Calls*, 2> calls, Duration limit)
      : loop_(loop), calls_(calls), limit_(limit) {
    loop_.schedule_at(*this, loop_.turn_time() + limit_ / 4);
  }
  ~IdleCalls() { loop_.unschedule(*this); }
  IdleCalls(const IdleCalls&) = delete;
  IdleCalls& operator=(const IdleCalls&) = delete;

 private:
  void fire() override {
    const TimePoint now = loop_.turn_time();
    for (const Calls* calls : calls_) {
      calls->for_each([&](const ServerCall& call) { call.end_if_idle(now - limit_); });
    }
    loop_.schedule_at(*this, now + limit_ / 4);
  }

  EventLoop& loop_;
  const std::array<const Calls*, 2> calls_;
  const Duration limit_;
};

}  // namespace weir::rpc
