// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/connection.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "server/rpc/turn_writes.h"

namespace weir::rpc {
namespace {

// An error means that the connection is gone, and then there is nothing to gather.
void set(int fd, int option, int value) {
  setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value));
}

std::size_t bytes_of(const msghdr& message) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) bytes += message.msg_iov[i].iov_len;
  return bytes;
}

// Nothing but bytes: neither zero copy nor a request for timestamps.
bool is_plain(const msghdr& message, int flags) {
  return (flags & ~MSG_NOSIGNAL) == 0 && message.msg_controllen == 0;
}

}  // namespace

Connection::~Connection() { close(fd_); }

void Connection::cork() {
  if (corks_.fetch_add(1, std::memory_order_acq_rel) == 0) set(fd_, TCP_CORK, 1);
}

void Connection::uncork() {
  if (corks_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    set(fd_, TCP_CORK, 0);
  } else {
    set(fd_, TCP_NODELAY, 1);  // sends what there is, and leaves the cork to the other loop
  }
}

ssize_t Connection::send(const msghdr& message, int flags, TurnWrites* turn) {
  const std::size_t bytes = bytes_of(message);
  std::lock_guard lock(mutex_);
  const bool may_gather =
      turn != nullptr && bytes <= kMostGathered && is_plain(message, flags) && !is_ending_;
  if (end_ > 0 && (!may_gather || bytes > kMostGathered - end_) && !send_gathered()) {
    // That the socket was full a moment ago is what makes it tell gRPC when it is not.
    errno = EAGAIN;
    return -1;
  }
  if (!may_gather) return sendmsg(fd_, &message, flags);
  if (gathered_ == nullptr) gathered_.reset(new char[kMostGathered]);
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& piece = message.msg_iov[i];
    if (piece.iov_len > 0) std::memcpy(gathered_.get() + end_, piece.iov_base, piece.iov_len);
    end_ += piece.iov_len;
  }
  if (turn_ != turn) turn->add(shared_from_this());
  turn_ = turn;
  return static_cast<ssize_t>(bytes);
}

void Connection::flush() {
  std::lock_guard lock(mutex_);
  turn_ = nullptr;
  send_gathered();
}

void Connection::flush_until(TimePoint limit) {
  std::lock_guard lock(mutex_);
  while (!send_gathered()) {
    const Duration left = limit - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return;
    pollfd writable{fd_, POLLOUT, 0};
    poll(&writable, 1,
         static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }
}

bool Connection::send_gathered() {
  while (begin_ < end_) {
    const ssize_t sent = ::send(fd_, gathered_.get() + begin_, end_ - begin_, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        await_writable();
        return false;
      }
      break;  // the connection is gone, as gRPC's next read or write will be told
    }
    begin_ += static_cast<std::size_t>(sent);
  }
  begin_ = end_ = 0;
  gathered_.reset();
  return true;
}

void Connection::await_writable() {
  if (awaits_writable_ || epoll_ == nullptr) return;
  awaits_writable_ = true;
  epoll_->change(fd_, kEndEvents | EPOLLOUT);
}

void Connection::became_writable() {
  std::lock_guard lock(mutex_);
  if (!send_gathered()) return;
  awaits_writable_ = false;
  epoll_->change(fd_, kEndEvents);
  if (is_ending_) shutdown(fd_, SHUT_RDWR);
}

bool Connection::has_unsent() const {
  std::lock_guard lock(mutex_);
  int bytes = 0;  // that the client's kernel has not acknowledged
  return begin_ < end_ || (ioctl(fd_, SIOCOUTQ, &bytes) == 0 && bytes > 0);
}

int Connection::shut_down(int how) {
  std::lock_guard lock(mutex_);
  if (send_gathered()) return shutdown(fd_, how);
  shut_down_later();
  return 0;
}

void Connection::end() {
  std::lock_guard lock(mutex_);
  if (send_gathered()) {
    shutdown(fd_, SHUT_RDWR);
  } else {
    shut_down_later();
  }
}

void Connection::shut_down_later() {
  is_ending_ = true;
  // The kernel gives up a client that takes nothing, and `epoll` tells.
  set(fd_, TCP_USER_TIMEOUT,
      static_cast<int>(std::chrono::floor<std::chrono::milliseconds>(kPatience).count()));
}

}  // namespace weir::rpc
