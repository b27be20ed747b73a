// SPDX-License-Identifier: Apache-2.0
#pragma once

// AcceptSlots: how many calls of one method a loop awaits at once. Few, and twice as many each time
// that a turn has used them all, up to a bound.
//
// A slot is memory that is cycled through the cache, and Debian's gRPC (1.51, built without NDEBUG)
// looks through every outstanding tag of the queue at each event (completion_queue.cc,
// cq_check_tag): slots of methods that nobody calls cost those that are called. What finds no slot
// is queued by gRPC and served in the same turn. Thread: the loop's own.

#include <algorithm>
#include <cstdint>

namespace weir::rpc {

class AcceptSlots {
 public:
  static constexpr int kFirst = 2;

  explicit AcceptSlots(int most) : most_(most), awaited_(std::min(kFirst, most)) {}

  int awaited() const { return awaited_; }

  // A call has arrived in the turn of that number. Returns how many to await besides those that
  // are: one in its place, or more.
  int arrived(std::uint64_t turn) {
    if (turn != turn_) {
      turn_ = turn;
      arrived_in_turn_ = 0;
    }
    if (++arrived_in_turn_ != awaited_) return 1;
    const int more = std::min(awaited_, most_ - awaited_);
    awaited_ += more;
    return 1 + more;
  }

 private:
  const int most_;
  int awaited_;
  std::uint64_t turn_ = 0;
  int arrived_in_turn_ = 0;
};

}  // namespace weir::rpc
