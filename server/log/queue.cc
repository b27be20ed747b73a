// SPDX-License-Identifier: Apache-2.0
#include "server/log/queue.h"

#include <chrono>
#include <utility>

namespace weir::log::detail {
namespace {

constexpr std::chrono::milliseconds kGather(2);

}  // namespace

bool Queue::has_room(std::size_t bytes, bool is_urgent) const {
  const std::size_t most_bytes = is_urgent ? limits_.bytes : limits_.bytes / 4 * 3;
  const std::size_t most_lines = is_urgent ? limits_.lines : limits_.lines / 4 * 3;
  return next_.text.size() + bytes <= most_bytes && next_.lines < most_lines;
}

bool Queue::push(std::string_view line, bool is_urgent) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    if (!has_room(line.size(), is_urgent)) {
      ++next_.dropped;
      return false;
    }
    next_.text += line;
    ++next_.lines;
    const bool hurries = is_urgent || next_.text.size() > limits_.bytes / 4;
    wakes = next_.lines == 1 || (hurries && !is_hurried_);
    is_hurried_ |= hurries;
  }
  if (wakes) changed_.notify_one();
  return true;
}

bool Queue::take(Batch& batch) {
  batch.text.clear();
  batch.lines = batch.dropped = 0;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return next_.lines > 0 || is_closed_; });
  changed_.wait_for(lock, kGather, [this] { return is_hurried_ || is_closed_; });
  std::swap(batch, next_);
  is_hurried_ = false;
  return batch.lines > 0;
}

void Queue::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_one();
}

}  // namespace weir::log::detail
