// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writer: the thread that writes the log, and the queue before it. A descriptor that takes nothing
// stops this thread and nobody else.
//
// The descriptor stays as it is: to make a shared one non-blocking would do so for every process
// that has it.

#include <atomic>
#include <string_view>
#include <thread>

#include "async/time.h"
#include "server/log.h"
#include "server/log/queue.h"

namespace weir::log::detail {

class Writer {
 public:
  explicit Writer(int fd, const Queue::Limits& limits = {});
  // Writes what there is, however long it takes.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void push(std::string_view line, bool is_urgent);
  // False: not everything that was pushed before is written after `limit`.
  bool flush(Duration limit) const;
  Stats stats() const;  // left_out is not its own

 private:
  void run();
  void write(Queue::Batch& batch);

  const int fd_;
  Queue queue_;
  std::atomic<std::uint64_t> pushed_ = 0;
  std::atomic<std::uint64_t> done_ = 0;  // of those: written, or given up
  std::atomic<std::uint64_t> no_room_ = 0;
  std::atomic<std::uint64_t> write_failed_ = 0;
  std::uint64_t lost_ = 0;  // the thread's: not told yet
  std::thread thread_;
};

}  // namespace weir::log::detail
