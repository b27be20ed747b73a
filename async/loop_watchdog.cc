// SPDX-License-Identifier: Apache-2.0
#include "async/loop_watchdog.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "async/detail/file_name.h"
#include "async/detail/thread_name.h"

namespace weir {

std::string LoopWatchdog::Blocked::describe() const {
  std::string text = absl::StrFormat("%s has been busy for %.0f ms in ", loop,
                                     std::chrono::duration<double, std::milli>(lasted).count());
  if (!task.empty()) absl::StrAppend(&text, "\"", task, "\", ");
  absl::StrAppendFormat(&text, "%s at %s:%d", function.function_name(),
                        detail::file_name(function.file_name()), function.line());
  return text;
}

LoopWatchdog::LoopWatchdog(Report report, Duration threshold)
    : report_(std::move(report)), threshold_(threshold), thread_([this] { work(); }) {}

LoopWatchdog::~LoopWatchdog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void LoopWatchdog::watch(EventLoop& loop, std::string name) {
  std::lock_guard lock(mutex_);
  watched_.push_back({.loop = &loop, .name = std::move(name)});
}

void LoopWatchdog::forget(const EventLoop& loop) {
  std::lock_guard lock(mutex_);
  std::erase_if(watched_, [&](const Watched& watched) { return watched.loop == &loop; });
}

void LoopWatchdog::look(TimePoint now) {
  std::vector<Blocked> found;
  {
    std::lock_guard lock(mutex_);
    for (Watched& watched : watched_) {
      detail::Turn& turn = watched.loop->turn();
      look_into_sleep(watched, turn, now);
      const std::optional<TimePoint> began = turn.began();
      if (!began || now - *began < threshold_ || watched.reported == *began) continue;
      const std::source_location function = turn.function();
      const char* const name = turn.name();
      // What was read may be of a later turn.
      if (turn.began() != began) continue;
      watched.reported = *began;
      found.push_back({watched.name, now - *began, name != nullptr ? name : "", function});
    }
  }
  for (const Blocked& blocked : found) report_(blocked);
}

// Twice in the same sleep means that it did not come out between the two.
void LoopWatchdog::look_into_sleep(Watched& watched, detail::Turn& turn, TimePoint now) {
  const std::optional<detail::Turn::Sleep> sleep = turn.asleep();
  const std::optional<Duration> cpu_time = sleep ? turn.cpu_time() : std::nullopt;
  const bool is_same = cpu_time && sleep == watched.sleep && now > watched.looked;
  if (is_same && 2 * (*cpu_time - watched.cpu_time) >= now - watched.looked) {
    if (!watched.busy_since) watched.busy_since = watched.looked;
    turn.note_busy(*sleep, *watched.busy_since);
  } else if (watched.busy_since) {
    watched.busy_since.reset();
    turn.note_idle();
  }
  watched.sleep = cpu_time ? sleep : std::nullopt;
  watched.cpu_time = cpu_time.value_or(Duration());
  watched.looked = now;
}

void LoopWatchdog::work() {
  detail::name_this_thread("watchdog");
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, threshold_ / 2, [this] { return stopping_; })) {
    lock.unlock();
    look(std::chrono::steady_clock::now());
    lock.lock();
  }
}

}  // namespace weir
