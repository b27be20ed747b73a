// SPDX-License-Identifier: Apache-2.0
#include "server/log/writer.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "async/detail/thread_name.h"
#include "server/log/line.h"

namespace weir::log::detail {
namespace {

// The thread gets no signal: not those that another thread waits for, and not SIGPIPE.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

// As many whole lines as a pipe takes in one piece, at least one: lines of other processes on the
// same pipe come between ours and not into them.
std::string_view first_piece(std::string_view lines) {
  const std::size_t last = lines.substr(0, PIPE_BUF).rfind('\n');
  const std::size_t end = last == lines.npos ? lines.find('\n') : last;
  return lines.substr(0, end + 1);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody else made it non-blocking
      pollfd writable{fd, POLLOUT, 0};
      (void)::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

Writer::Writer(int fd, const Queue::Limits& limits) : fd_(fd), queue_(limits) {
  const NoSignals inherited;
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  queue_.close();
  thread_.join();
}

void Writer::push(std::string_view line, bool is_urgent) {
  // Counted first, or `done_` could be ahead of it.
  pushed_.fetch_add(1, std::memory_order_relaxed);
  if (queue_.push(line, is_urgent)) return;
  no_room_.fetch_add(1, std::memory_order_relaxed);
  done_.fetch_add(1, std::memory_order_release);
}

// Without a lock, for the handler of a signal.
bool Writer::flush(Duration limit) const {
  constexpr timespec kPause{0, 1'000'000};
  const std::uint64_t pushed = pushed_.load(std::memory_order_acquire);
  const TimePoint give_up = std::chrono::steady_clock::now() + limit;
  while (done_.load(std::memory_order_acquire) < pushed) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    ::nanosleep(&kPause, nullptr);
  }
  return true;
}

Stats Writer::stats() const {
  Stats stats;
  stats.no_room = no_room_.load(std::memory_order_relaxed);
  stats.write_failed = write_failed_.load(std::memory_order_relaxed);
  stats.lines = pushed_.load(std::memory_order_relaxed) - stats.no_room;
  return stats;
}

void Writer::run() {
  weir::detail::name_this_thread("log");
  Queue::Batch batch;
  while (queue_.take(batch)) {
    const std::uint64_t lines = batch.lines;
    lost_ += batch.dropped;
    if (lost_ > 0) {
      append_line(batch.text, Level::kWarning, "log lines were dropped", {{"count", lost_}});
    }
    write(batch);
    done_.fetch_add(lines, std::memory_order_release);
  }
}

void Writer::write(Queue::Batch& batch) {
  std::string_view left = batch.text;
  while (!left.empty()) {
    const std::string_view piece = first_piece(left);
    if (!write_all(fd_, piece)) break;
    left.remove_prefix(piece.size());
  }
  if (left.empty()) {
    lost_ = 0;
    return;
  }
  auto lost = static_cast<std::uint64_t>(std::count(left.begin(), left.end(), '\n'));
  if (lost_ > 0) --lost;  // the line that told of those before
  lost_ += lost;
  write_failed_.fetch_add(lost, std::memory_order_relaxed);
}

}  // namespace weir::log::detail
