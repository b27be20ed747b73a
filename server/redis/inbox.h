// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inbox: where the loops leave commands, and requests to cancel them, for the I/O thread, and where
// that thread answers them. One lock, held for a few instructions, taken once per command by its
// caller and twice per batch by the I/O thread.
//
// The I/O thread is woken only when it sleeps, see doorbell.h: under load never.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "async/detail/intrusive_list.h"
#include "server/redis/breaker.h"
#include "server/redis/command.h"
#include "server/redis/doorbell.h"

namespace weir::redis {

using CommandList = weir::detail::IntrusiveList<Command>;
using CancelList = weir::detail::IntrusiveList<Command, CancelRequests>;

class Inbox {
 public:
  // `breaker` and `doorbell` must outlive it.
  Inbox(const Breaker& breaker, Doorbell& doorbell, std::size_t max_commands,
        std::size_t max_bytes);

  // For commands, on their loops' threads. Submit says OK if the I/O thread will complete it.
  absl::Status submit(Command& command);
  void request_cancel(Command& command, CancelReason reason);
  // Refuses everything from now on. Any thread.
  void close();
  bool is_closed() const { return closed_.load(std::memory_order_relaxed); }

  // For the I/O thread. Empties the inbox; the thread is awake.
  void take(CommandList& commands, CancelList& cancels);
  // False if something is here; else the next arrival wakes the thread.
  bool may_sleep();
  // Completes all of `settled`, with one post per loop, and empties it.
  void complete(std::vector<Command*>& settled);

  // Accepted, refused, and accepted but not completed.
  std::uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  std::size_t in_flight() const;

 private:
  struct Batch {
    EventLoop* loop = nullptr;
    RunQueue answered;
  };

  Batch& batch_for(EventLoop& loop);

  const Breaker& breaker_;
  Doorbell& doorbell_;
  const std::size_t max_commands_;
  const std::size_t max_bytes_;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;

  mutable std::mutex mutex_;
  CommandList commands_;
  CancelList cancels_;
  std::size_t in_flight_ = 0;
  std::size_t bytes_ = 0;

  std::vector<Batch> batches_;  // the I/O thread's; one per loop
};

}  // namespace weir::redis
