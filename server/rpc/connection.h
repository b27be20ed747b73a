// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: a socket that gRPC serves, and what was written to it in this turn of a loop and has
// not left yet.
//
// It holds a duplicate of gRPC's descriptor: gRPC closes its own whenever it likes, and its number
// may then be another socket's. A duplicate does not keep the connection up: gRPC shuts it down
// first.
//
// There are two ways to let the answers of a turn share a write. `cork` has the kernel gather them:
// a system call per answer is still made. `send` gathers them here, in place of the system call;
// see socket_calls.h for how it comes to be called. Its promises:
//   - Bytes leave in the order in which they came, whichever threads write.
//   - When the socket is full, what was taken leaves when it is not any more (`became_writable`),
//     and gRPC is told EAGAIN, as by the kernel, before more than kMostGathered bytes wait.
//   - What was taken before the end leaves before the end, unless the client does not take it
//     within kPatience.
// Thread: any.

#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>

#include "async/time.h"
#include "server/rpc/epoll.h"

namespace weir::rpc {

class TurnWrites;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t kMostGathered = 16 << 10;
  // What `epoll` watches for all the time: not EPOLLIN, for gRPC reads. These only tell when either
  // side has shut the connection down.
  static constexpr std::uint32_t kEndEvents = EPOLLRDHUP | EPOLLHUP;

  // Owns `fd`. While gathered bytes wait for the socket, `epoll` watches for EPOLLOUT as well.
  Connection(int fd, std::shared_ptr<const Epoll> epoll) : fd_(fd), epoll_(std::move(epoll)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // Each cork needs an uncork, which lets go of what was gathered.
  void cork();
  void uncork();

  // As sendmsg(2) of `message`, which must not block. With `turn` it may be gathered: `turn` will
  // flush it.
  ssize_t send(const msghdr& message, int flags, TurnWrites* turn);
  void flush();
  // The same, and waits for the client to take it, at most until `limit`.
  void flush_until(TimePoint limit);
  // As shutdown(2), once what was gathered has left.
  int shut_down(int how);
  // gRPC closes its descriptor.
  void end();
  // The socket takes bytes again.
  void became_writable();

  // Whether something written to it has not arrived at the client yet.
  bool has_unsent() const;

  void mark_closed() { closed_.store(true, std::memory_order_release); }
  bool is_closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  // With the lock held. False if something is left.
  bool send_gathered();
  void await_writable();
  void shut_down_later();

  // How long a client may take over the last bytes of a connection that gRPC has given up.
  static constexpr Duration kPatience = std::chrono::seconds(10);

  const int fd_;
  const std::shared_ptr<const Epoll> epoll_;
  std::atomic<int> corks_ = 0;
  std::atomic<bool> closed_ = false;

  mutable std::mutex mutex_;
  // Bytes [begin_, end_) of it wait; none when nothing does: an idle connection costs no buffer.
  std::unique_ptr<char[]> gathered_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  TurnWrites* turn_ = nullptr;  // who was last told to flush it
  bool awaits_writable_ = false;
  bool is_ending_ = false;  // to be shut down when nothing waits any more
};

}  // namespace weir::rpc
