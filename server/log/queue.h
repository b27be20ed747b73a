// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queue: lines on their way to the thread that writes them, in one piece of memory that is swapped
// for another when they are taken. Bounded in bytes and in lines; what finds no room is counted.
//
// Thread: any may push, one takes.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace weir::log::detail {

class Queue {
 public:
  struct Limits {
    // There may be twice as much: what is being written has left the queue.
    std::size_t bytes = 2u << 20;
    std::size_t lines = 16'384;
  };
  struct Batch {
    std::string text;
    std::uint64_t lines = 0;
    std::uint64_t dropped = 0;  // for want of room, behind these
  };

  explicit Queue(const Limits& limits) : limits_(limits) {}

  // `line` ends with '\n'. An urgent one is written at once, and has a quarter of the room for
  // itself; others wait a moment for company, for each waking of the thread costs who wakes it.
  // False: there is no room.
  bool push(std::string_view line, bool is_urgent);

  // Waits for lines. False: it is closed, and everything was taken.
  bool take(Batch& batch);
  void close();

 private:
  bool has_room(std::size_t bytes, bool is_urgent) const;

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Batch next_;
  bool is_hurried_ = false;
  bool is_closed_ = false;
};

}  // namespace weir::log::detail
