// SPDX-License-Identifier: Apache-2.0
#pragma once

// Notify: tell one task, or all that wait, that something happened. Tokio: tokio::sync::Notify.
//
//     queue.push(job);                                  // under a lock of its own
//     notify.notify_one();
//                                                       // elsewhere
//     while (!queue.try_pop(job)) co_await or_return(co_await notify.notified());
//
// notify_one wakes the one that waits longest; if nobody waits it is remembered, once, and the next
// notified() ends at once. notify_waiters wakes all, and is not remembered; it also ends each
// notified() that was called before it, even if that is only awaited later, as in Tokio:
//
//     auto changed = notify.notified();                 // from here on no notify_waiters is missed
//     if (!is_ready()) co_await or_return(co_await changed);
//
// OK when notified; CANCELLED or DEADLINE_EXCEEDED when the task was told to stop. A cancelled wait
// loses nothing: a notify_one that had reached it goes to the next.
//
// Thread: any. What was done before the notification is visible after it. Allocates nothing.
// Trap: it says that something may have happened, not what: look again. The Notify must outlive
// those who wait, and each notified() is awaited once.

#include <cstdint>
#include <mutex>
#include <source_location>

#include "absl/status/status.h"
#include "async/detail/wait_queue.h"

namespace weir {

class Notify {
 public:
  class Notified;
  // co_await yields a Status.
  [[nodiscard]] Notified notified(std::source_location where = std::source_location::current());

  void notify_one();
  void notify_waiters();

 private:
  void give_to_one();  // with the mutex held

  std::mutex mutex_;
  bool permit_ = false;
  std::uint64_t rounds_ = 0;  // of notify_waiters
  detail::WaitQueue waiters_{mutex_};
};

class [[nodiscard]] Notify::Notified final : public detail::QueuedWaiter {
 public:
  Notified(Notify& notify, std::source_location where);
  absl::Status await_resume();

 private:
  friend class Notify;
  bool is_answered() override;

  Notify& notify_;
  const std::uint64_t round_;
  bool by_one_ = false;
};

inline Notify::Notified Notify::notified(std::source_location where) {
  return Notified(*this, where);
}

}  // namespace weir
