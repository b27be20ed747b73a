// SPDX-License-Identifier: Apache-2.0
#pragma once

// MethodLimit: the places of one method on one loop, and the short line of calls that wait for one.
// Tokio: tower's concurrency_limit with load_shed, and CoDel's patience in between.
//
//     MethodLimit::Place place = limit.try_enter(now);
//     if (!place) { ... co_await limit.wait(priority, client) ... }
//
// The line holds half as many calls as may be in progress, so a call that waits in a full one waits
// about half as long as it will then take. A line that has not been empty for a tenth of a second
// is no burst but an overload; from then on nobody waits in it for longer than a call usually
// takes. Who cannot be done by its deadline any more is refused before any work is done for it.
//
// Whoever ranks higher goes first, and takes the place in the line of one that ranks lower: calls
// of clients that have had more than their share (fair_shares.h) come after the others, batches
// after both. A client that is alone has had no more; those of its calls that wait are put behind
// when another comes.
//
// Thread: the loop's own, but for reading.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "async/detail/wait_queue.h"
#include "async/task.h"
#include "server/rpc/call_cells.h"
#include "server/rpc/client_account.h"
#include "server/rpc/concurrency_limit.h"
#include "server/rpc/method.h"

namespace weir::rpc {

class MethodLimit {
 public:
  explicit MethodLimit(const LimitOptions& options) : limit_(options) {}

  // One call in progress; given back on destruction.
  class [[nodiscard]] Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : limit_(std::exchange(other.limit_, nullptr)), since_(other.since_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limit_, other.limit_);
      std::swap(since_, other.since_);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->leave();
    }
    explicit operator bool() const { return limit_ != nullptr; }

    // Gives it back; the call did its work, and how long that took is learned from.
    void done(TimePoint now) {
      limit_->limit_.ended(now - since_, limit_->in_progress_ - 1, now);
      std::exchange(limit_, nullptr)->leave();
    }

   private:
    friend class MethodLimit;
    Place(MethodLimit& limit, TimePoint since) : limit_(&limit), since_(since) {}

    MethodLimit* limit_ = nullptr;
    TimePoint since_{};
  };

  // Empty if there is no place now, or others wait for one.
  Place try_enter(TimePoint now) {
    if (in_progress_ >= limit_.limit() || waiting() != 0) return Place();
    limit_.began(++in_progress_);
    return Place(*this, now);
  }

  struct Answer {
    explicit Answer(Place given) : place(std::move(given)) {}
    explicit Answer(Refusal why) : refusal(why) {}
    // The task was told to stop.
    explicit Answer(absl::Status why) : status(std::move(why)) {}

    Place place;
    std::optional<Refusal> refusal;
    absl::Status status;
    bool stood_in_line = true;  // false: there was no room in it
  };
  // After try_enter in vain. `client`: whoever calls; it must outlive the wait.
  Task<Answer> wait(Method::Priority priority, ClientAccount& client);

  const ConcurrencyLimit& limit() const { return limit_; }
  std::size_t in_progress() const { return in_progress_; }
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  class Waiting;
  // In the order in which calls are served when there are not places for all.
  enum class Rank : unsigned char { kNormal, kOverShare, kBatch };

  Rank rank(Method::Priority priority, const ClientAccount& client);
  void put_behind_who_had_more_than(const ClientAccount& client);
  bool has_room(Rank rank);
  weir::detail::WaitQueue& line(Rank rank) { return lines_[static_cast<std::size_t>(rank)]; }
  Task<absl::Status> stand_in_line(Rank rank, ClientAccount& client, const EventLoop& loop);
  void leave();
  void grant();
  Duration patience(TimePoint now) const;

  ConcurrencyLimit limit_;
  std::size_t in_progress_ = 0;

  std::mutex mutex_;  // of what follows: a drain cancels from another thread
  std::array<weir::detail::WaitQueue, 3> lines_{{weir::detail::WaitQueue(mutex_),
                                                 weir::detail::WaitQueue(mutex_),
                                                 weir::detail::WaitQueue(mutex_)}};
  std::atomic<std::size_t> waiting_ = 0;  // in all of them
  TimePoint waiting_since_{};             // there has always been somebody
};

}  // namespace weir::rpc
