// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/call_inspection.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "server/rpc/server_loop.h"

namespace weir::rpc {
namespace {

constexpr Duration kSlice = std::chrono::milliseconds(1);

}  // namespace

// Shared, because a loop that is stuck comes to it after everybody has stopped waiting.
class CallInspection::State final : public Runnable, Timer {
 public:
  State(ServerLoop& loop, Visit visit) : loop_(loop), visit_(std::move(visit)) {}

  void begin(std::shared_ptr<State> self) {
    self_ = std::move(self);
    loop_.event_loop().post(*this);
  }

  bool wait_until(TimePoint deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return is_done_; });
    const bool complete = is_done_;
    is_done_ = true;  // nothing is visited from here on
    return complete;
  }

 private:
  void run() override { fire(); }
  void fire() override {
    const std::shared_ptr<State> self = std::move(self_);
    const std::lock_guard lock(mutex_);
    if (is_done_) return;
    if (visit_some()) {
      is_done_ = true;
      changed_.notify_all();
    } else {
      self_ = self;
      // Not posted: that would run in this turn.
      loop_.event_loop().schedule_at(*this, loop_.event_loop().now());
    }
  }

  // True if those were the last.
  bool visit_some() {
    EventLoop& loop = loop_.event_loop();
    TimePoint until = kForever;  // from the first that is new
    bool is_last = true;
    loop_.in_progress().for_each_while([&](const ServerCall& call) {
      if (call.serial() <= seen_) return true;
      const TimePoint now = loop.now();
      if (until == kForever) until = now + kSlice;
      if (now >= until) {
        is_last = false;
        return false;
      }
      seen_ = call.serial();
      return visit_(call, now);
    });
    return is_last;
  }

  ServerLoop& loop_;
  const Visit visit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_done_ = false;
  std::uint64_t seen_ = 0;  // the newest serial
  std::shared_ptr<State> self_;
};

CallInspection::CallInspection(ServerLoop& loop, Visit visit)
    : state_(std::make_shared<State>(loop, std::move(visit))) {
  state_->begin(state_);
}

CallInspection::~CallInspection() { (void)state_->wait_until(TimePoint::min()); }

bool CallInspection::wait_until(TimePoint deadline) { return state_->wait_until(deadline); }

}  // namespace weir::rpc
