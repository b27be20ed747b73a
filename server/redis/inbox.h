// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inbox: where the loops leave commands, and requests to cancel them, for the I/O thread, and where
// that thread answers them. One lock, held for a few instructions, taken once per command by its
// caller and twice per batch by the I/O thread.
//
// The I/O thread is woken (one write to an eventfd) only when it sleeps: under load never.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "async/detail/intrusive_list.h"
#include "server/redis/breaker.h"
#include "server/redis/command.h"

namespace weir::redis {

using CommandList = weir::detail::IntrusiveList<Command>;
using CancelList = weir::detail::IntrusiveList<Command, CancelRequests>;

class Inbox {
 public:
  // `wake_fd` is an eventfd, not owned.
  Inbox(const Breaker& breaker, int wake_fd, std::size_t max_commands, std::size_t max_bytes);

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

  void wake_if_asleep();
  Batch& batch_for(EventLoop& loop);

  const Breaker& breaker_;
  const int wake_fd_;
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
  bool is_asleep_ = false;

  std::vector<Batch> batches_;  // the I/O thread's; one per loop
};

}  // namespace weir::redis
