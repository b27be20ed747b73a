// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoopWatchdog: reports the task that keeps a loop from its other work, while it still does.
// Tokio: tokio-console's lint for tasks that do not yield, and tokio-blocked.
//
//     LoopWatchdog watchdog([](const LoopWatchdog::Blocked& blocked) { log(blocked.describe()); });
//     watchdog.watch(loop, "loop 0");
//
// A turn of a loop, from one look for events to the next, that lasts longer than the threshold is
// reported once, from the watchdog's own thread, with the task that runs at that moment. Blocking
// work belongs on a pool: spawn_blocking. It costs the loop a few plain stores a resumption.
//
// A loop that sleeps inside a library, as in gRPC's queue, is busy there if its thread takes CPU
// time for half of the time between two looks and does not come out: that is a long turn as well.
//
// Traps. What is named is the coroutine that the loop began or resumed last. It, one that it
// awaits, or one that awaited it and went on when it ended, is what blocks; the name of the task is
// the same. A turn is also long when very many tasks were ready at once, each of them short.
// `forget` a loop before it is destroyed. The report must not call the watchdog.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include "async/event_loop.h"

namespace weir {

class LoopWatchdog {
 public:
  struct Blocked {
    std::string loop;
    Duration lasted{};              // so far
    std::string task;               // async/named.h; empty if neither it nor one above has a name
    std::source_location function;  // of the coroutine

    // "loop 0 has been busy for 63 ms in "refresh", refresh_cache at cache.cc:31"
    std::string describe() const;
  };
  using Report = std::function<void(const Blocked&)>;

  explicit LoopWatchdog(Report report, Duration threshold = std::chrono::milliseconds(50));
  ~LoopWatchdog();
  LoopWatchdog(const LoopWatchdog&) = delete;
  LoopWatchdog& operator=(const LoopWatchdog&) = delete;

  // Any thread.
  void watch(EventLoop& loop, std::string name);
  // After it the loop is not looked at any more.
  void forget(const EventLoop& loop);

  // Looks once, as the watchdog's thread does twice a threshold. For tests, and virtual time.
  void look(TimePoint now);

 private:
  struct Watched {
    EventLoop* loop;
    std::string name;
    TimePoint reported{};  // the turn that was

    // The last look, if the loop slept.
    std::optional<detail::Turn::Sleep> sleep = {};
    TimePoint looked{};
    Duration cpu_time{};
    std::optional<TimePoint> busy_since = {};
  };

  static void look_into_sleep(Watched& watched, detail::Turn& turn, TimePoint now);

  void work();

  const Report report_;
  const Duration threshold_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::vector<Watched> watched_;
  std::thread thread_;  // last: it begins when all else is there
};

}  // namespace weir
