// SPDX-License-Identifier: Apache-2.0
#pragma once

// Doorbell: how the I/O thread sleeps and is woken: one write to an eventfd, and none while it is
// awake.
//
// A command rings when its loop has done what is ready. By then all commands of the turn are in the
// inbox and leave in one write; rung at the first of them, the thread would take the loop's
// processor and send that one alone.
//
// Shared, because what a loop was asked to do may outlive the client.

#include <atomic>
#include <memory>
#include <vector>

#include "async/event_loop.h"
#include "server/redis/file_descriptor.h"

namespace weir::redis {

class Doorbell : public std::enable_shared_from_this<Doorbell> {
 public:
  Doorbell();

  // Readable when it was rung; the I/O thread's to wait for.
  int fd() const { return eventfd_.get(); }
  // I/O thread, after it has waited.
  void quieten();

  // Whether it must be rung. Changed with the inbox's lock held, so that nothing is put there
  // between the thread's last look and its sleep.
  void set_asleep(bool is_asleep) { is_asleep_.store(is_asleep, std::memory_order_relaxed); }
  bool is_asleep() const { return is_asleep_.load(std::memory_order_relaxed); }

  // At once, from any thread.
  void ring_if_asleep();
  // When `loop`, whose thread this is, has done what is ready. With the inbox's lock held.
  void ring_after_turn(EventLoop& loop);

 private:
  class Errand final : public Runnable {
   public:
    explicit Errand(EventLoop& loop) : loop_(loop) {}
    const EventLoop& loop() const { return loop_; }
    void post_once(std::shared_ptr<Doorbell> bell);

   private:
    void run() override;

    EventLoop& loop_;
    std::shared_ptr<Doorbell> bell_;  // while it is posted
  };

  const FileDescriptor eventfd_;
  std::atomic<bool> is_asleep_ = false;
  std::vector<std::unique_ptr<Errand>> errands_;  // one per loop; of a loop gone by: never used
};

}  // namespace weir::redis
