// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/drain.h"

#include <algorithm>
#include <utility>

#include "async/sleep.h"

namespace weir::rpc {
namespace {

// How closely the drain looks: the counters are atomics of the loops' threads, which have better to
// do than to wake it.
constexpr Duration kTick = std::chrono::milliseconds(5);

// Waits until `is_met()`, or the limit, or hurry.
template <class Condition>
Task<void> wait_until(Condition& is_met, Duration limit, const CancellationToken& hurry) {
  const Context& context = co_await this_context();
  const EventLoop& loop = context.loop();
  const TimePoint deadline = loop.now() + limit;
  while (!is_met() && loop.now() < deadline && !hurry.is_cancelled()) {
    absl::Status slept = co_await sleep(kTick);
    if (!slept.ok()) co_return;
  }
}

// True once `arrived` has stood still for `window`.
class Quiet {
 public:
  Quiet(const DrainTarget& target, const EventLoop& loop, Duration window)
      : target_(target),
        loop_(loop),
        window_(window),
        arrived_(target.arrived()),
        since_(loop.now()) {}

  bool operator()() {
    if (const std::uint64_t arrived = target_.arrived(); arrived != arrived_) {
      arrived_ = arrived;
      since_ = loop_.now();
    }
    return loop_.now() - since_ >= window_;
  }

 private:
  const DrainTarget& target_;
  const EventLoop& loop_;
  const Duration window_;
  std::uint64_t arrived_;
  TimePoint since_;
};

// Writes the phases of the report as they end.
class Phases {
 public:
  Phases(DrainReport& report, const EventLoop& loop)
      : report_(report), loop_(loop), began_(loop.now()), phase_began_(began_) {}

  void ended(std::string name) {
    const TimePoint now = loop_.now();
    report_.phases.push_back({std::move(name), now - phase_began_});
    report_.took = now - began_;
    phase_began_ = now;
  }

 private:
  DrainReport& report_;
  const EventLoop& loop_;
  const TimePoint began_;
  TimePoint phase_began_;
};

}  // namespace

const char* name_of(DrainPhase phase) {
  switch (phase) {
    case DrainPhase::kServing:
      return "serving";
    case DrainPhase::kAnnounce:
      return "announce";
    case DrainPhase::kFinish:
      return "finish";
    case DrainPhase::kCancel:
      return "cancel";
    case DrainPhase::kShutDown:
      return "shut_down";
  }
  return "unknown";
}

Task<DrainReport> drain(DrainTarget& target, DrainLimits limits, CancellationToken hurry) {
  const Context& context = co_await this_context();
  const EventLoop& loop = context.loop();
  const auto is_idle = [&] { return target.in_progress() == 0; };
  const std::uint64_t arrived_before = target.arrived();
  DrainReport report;
  report.in_progress = target.in_progress();
  Phases phases(report, loop);

  target.announce();
  Quiet is_quiet(target, loop, limits.quiet);
  const Duration open = std::min(limits.accept, limits.announce);
  co_await wait_until(is_quiet, open, hurry);
  target.close_door();
  co_await wait_until(is_quiet, limits.announce - open, hurry);
  phases.ended("announce");

  target.refuse();
  co_await wait_until(is_idle, limits.finish, hurry);
  phases.ended("finish");

  report.cut = target.in_progress();
  if (report.cut > 0) {
    report.stragglers = co_await target.stragglers();
    target.cancel();
    // Not hurried: the second signal asked for just this, and it is short.
    const CancellationToken no_hurry;
    co_await wait_until(is_idle, limits.cancel, no_hurry);
    report.left = target.in_progress();
    phases.ended("cancel");
  }

  co_await target.shut_down(limits.shut_down);
  phases.ended("shut_down");
  report.hurried = hurry.is_cancelled();
  report.arrived = target.arrived() - arrived_before;
  co_return report;
}

}  // namespace weir::rpc
