// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/connection.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

Connection::Connection(int fd, std::shared_ptr<const Epoll> epoll, Client client)
    : fd_(fd),
      epoll_(std::move(epoll)),
      is_plain_(client.limits != nullptr),
      sent_away_(std::move(client.sent_away)),
      account_(client.account.get()),
      place_(std::move(client.place)),
      input_(client.limits, std::move(client.account)) {}

Connection::~Connection() { close(fd_); }

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
  if (!may_gather) {
    const ssize_t sent = sendmsg(fd_, &message, flags);
    if (sent > 0) saw_sent(message, static_cast<std::size_t>(sent));
    return sent;
  }
  if (gathered_ == nullptr) gathered_.reset(new char[kMostGathered]);
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& piece = message.msg_iov[i];
    if (piece.iov_len > 0) std::memcpy(gathered_.get() + end_, piece.iov_base, piece.iov_len);
    end_ += piece.iov_len;
  }
  saw_sent(message, bytes);
  if (turn_ != turn) turn->add(shared_from_this());
  turn_ = turn;
  return static_cast<ssize_t>(bytes);
}

void Connection::saw_sent(const msghdr& message, std::size_t size) {
  for (std::size_t i = 0; size != 0; ++i) {
    const iovec& piece = message.msg_iov[i];
    const std::size_t bytes = std::min(size, piece.iov_len);
    input_.wrote(static_cast<const char*>(piece.iov_base), bytes);
    size -= bytes;
  }
}

ssize_t Connection::receive(msghdr& message, int flags) {
  if ((flags & MSG_ERRQUEUE) != 0) return recvmsg(fd_, &message, flags);  // nothing of the client's
  std::lock_guard lock(mutex_);
  if (is_sent_away_) {
    errno = ECONNRESET;
    return -1;
  }
  const ssize_t got = input_.receive(fd_, message, flags);
  if (got <= 0) return got;
  const std::uint32_t calls = calls_.load(std::memory_order_relaxed);
  std::optional<Abuse> abuse = input_.look(message, static_cast<std::size_t>(got), calls != 0);
  // gRPC counts its streams; these are calls that are here, some of them answered a moment ago.
  if (is_plain_ && calls > 2 * input_.most_streams() + kAnsweredCalls) abuse = Abuse::kStreams;
  return abuse ? send_away(*abuse) : got;
}

ssize_t Connection::send_away(Abuse why) {
  count(why);
  if (send_gathered() && input_.may_write_frame()) say_goaway(why);
  shutdown(fd_, SHUT_RDWR);
  errno = ECONNRESET;
  return -1;
}

void Connection::count(Abuse why) {
  is_sent_away_ = true;
  charge(kSentAway);
  const ClientAccount* const account = input_.account();
  if (sent_away_ == nullptr) return;
  sent_away_->count(why, account == nullptr ? std::string() : account->name());
}

void Connection::charge(std::size_t connections) {
  ClientAccount* const account = input_.account();
  if (account == nullptr || connections == 0) return;
  account->charge(Cost::kConnection, connections, std::chrono::steady_clock::now());
}

// gRPC closes some by itself: who pings too often, or has more calls at once than it may, or larger
// metadata.
void Connection::count_if_grpc_sent_it_away() {
  const std::optional<Abuse> why = input_.grpc_closes_for();
  if (!why) return;
  char byte = 0;
  const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool is_client_there = got > 0 || (got < 0 && errno == EAGAIN);
  if (is_client_there) count(*why);
}

// RFC 9113, 6.8: whatever it has begun may have been served.
void Connection::say_goaway(Abuse why) {
  const std::string_view reason = name_of(why);
  std::string frame(17, '\0');
  frame[2] = static_cast<char>(8 + reason.size());
  frame[3] = static_cast<char>(Frame::kGoaway);
  frame.replace(9, 4, "\x7f\xff\xff\xff", 4);
  frame[16] = Frame::kEnhanceYourCalm;
  frame += reason;
  [[maybe_unused]] const ssize_t sent =
      ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
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
  epoll_->change(fd_, end_events_ | EPOLLOUT);
}

bool Connection::take_events(std::uint32_t events) {
  const bool is_shut_down = (events & (EPOLLHUP | EPOLLERR)) != 0;
  if (is_shut_down || (events & EPOLLRDHUP) != 0) {
    client_has_ended();
  } else {
    became_writable();
  }
  return !is_shut_down;
}

void Connection::became_writable() {
  std::lock_guard lock(mutex_);
  if (!send_gathered()) return;
  awaits_writable_ = false;
  epoll_->change(fd_, end_events_);
  if (is_ending_) shutdown(fd_, SHUT_RDWR);
}

bool Connection::has_unsent() const {
  std::lock_guard lock(mutex_);
  int bytes = 0;  // that the client's kernel has not acknowledged
  return begin_ < end_ || (ioctl(fd_, SIOCOUTQ, &bytes) == 0 && bytes > 0);
}

int Connection::shut_down(int how) {
  std::lock_guard lock(mutex_);
  if (!is_sent_away_) count_if_grpc_sent_it_away();
  if (send_gathered()) return shutdown(fd_, how);
  shut_down_later();
  return 0;
}

void Connection::end() {
  std::lock_guard lock(mutex_);
  input_.unwatched();  // before the number is another's
  if (!is_sent_away_) count_if_grpc_sent_it_away();
  charge(calls_.load(std::memory_order_relaxed));
  if (send_gathered()) {
    shutdown(fd_, SHUT_RDWR);
  } else {
    shut_down_later();
  }
}

void Connection::watched_by(int epoll, int fd, const epoll_event& event) {
  std::lock_guard lock(mutex_);
  input_.watched_by(epoll, fd, event);
}

// gRPC may not have noticed. What was taken before still leaves.
void Connection::client_has_ended() {
  mark_closed();
  std::lock_guard lock(mutex_);
  end_events_ = 0;
  epoll_->change(fd_, awaits_writable_ ? std::uint32_t{EPOLLOUT} : 0);
  (void)input_.read_again();
}

bool Connection::is_silent() const {
  std::lock_guard lock(mutex_);
  return input_.is_silent();
}

void Connection::belongs_to(const std::shared_ptr<ClientAccount>& account) {
  std::lock_guard lock(mutex_);
  // A call of one that had the same port before it may come late: who it is stays.
  if (std::exchange(is_named_, true) || account.get() == input_.account()) return;
  // It was let in as its address. Where its identity has too many, it stays so.
  if (auto place = ClientAccount::connect(account)) place_ = std::move(place);
  input_.belongs_to(account);
  account_.store(account.get(), std::memory_order_release);
}

void Connection::call_began() {
  calls_.fetch_add(1, std::memory_order_relaxed);
  if (is_plain_) return;
  std::lock_guard lock(mutex_);
  input_.call_began();
}

void Connection::call_ended(bool was_read) {
  calls_.fetch_sub(1, std::memory_order_relaxed);
  if (is_plain_ || was_read) return;
  std::lock_guard lock(mutex_);
  input_.call_was_refused();
}

void Connection::message_came(std::size_t bytes) {
  if (is_plain_) return;
  std::lock_guard lock(mutex_);
  input_.message_came(bytes);
}

void Connection::calls_read(std::int64_t bytes) {
  std::lock_guard lock(mutex_);
  input_.calls_read(bytes);
}

void Connection::shut_down_later() {
  is_ending_ = true;
  // The kernel gives up a client that takes nothing, and `epoll` tells.
  set(fd_, TCP_USER_TIMEOUT,
      static_cast<int>(std::chrono::floor<std::chrono::milliseconds>(kPatience).count()));
}

}  // namespace weir::rpc
