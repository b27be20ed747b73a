// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/connection_input.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace weir::rpc {
namespace {

constexpr std::size_t kMostPieces = 8;  // gRPC 1.51 reads into at most four

// The first `most` bytes of where `message` goes.
struct Shortened {
  Shortened(const msghdr& whole, std::size_t most) : message(whole) {
    std::size_t count = 0;
    for (; count < std::min<std::size_t>(whole.msg_iovlen, kMostPieces) && most != 0; ++count) {
      pieces[count] = whole.msg_iov[count];
      pieces[count].iov_len = std::min(pieces[count].iov_len, most);
      most -= pieces[count].iov_len;
    }
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
  }
  std::array<iovec, kMostPieces> pieces;
  msghdr message;
};

std::size_t room_in(const msghdr& message) {
  std::size_t room = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) room += message.msg_iov[i].iov_len;
  return room;
}

// Whether the kernel has told, to whom it tells such things, that nothing is left.
bool says_empty(msghdr& message) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != IPPROTO_TCP || one->cmsg_type != TCP_CM_INQ) continue;
    int left = 0;
    std::memcpy(&left, CMSG_DATA(one), sizeof(left));
    return left == 0;
  }
  return false;
}

}  // namespace

ConnectionInput::ConnectionInput(const FrameLimits* limits, std::shared_ptr<ClientAccount> account)
    : account_(std::move(account)) {
  if (limits != nullptr) frames_.emplace(*limits);
}

ssize_t ConnectionInput::receive(int fd, msghdr& message, int flags) {
  // To gRPC that has read something into this buffer EAGAIN means only "look at that, then come
  // back": its turn ends when it comes back.
  if (taken_ >= kTurn && std::exchange(is_filling_, false)) {
    errno = EAGAIN;
    return -1;
  }
  if (taken_ >= kTurn && read_again()) {
    taken_ = 0;
    errno = EAGAIN;
    return -1;
  }
  Shortened part(message, kTurn);
  const ssize_t got = recvmsg(fd, &part.message, flags);
  message.msg_controllen = part.message.msg_controllen;
  message.msg_flags = part.message.msg_flags;
  if (got > 0) {
    taken_ += static_cast<std::size_t>(got);
    is_filling_ = static_cast<std::size_t>(got) < room_in(message) && !says_empty(part.message);
  } else {
    taken_ = 0;
    is_filling_ = false;
  }
  return got;
}

std::optional<Abuse> ConnectionInput::look(const msghdr& message, std::size_t size,
                                           bool has_calls) {
  std::optional<Abuse> abuse;
  if (frames_) {
    const TimePoint now = std::chrono::steady_clock::now();
    const std::uint64_t frames_before = frames_->frames();
    const std::uint64_t calls_before = frames_->calls();
    std::size_t left = size;
    for (std::size_t i = 0; left != 0; ++i) {
      const iovec& piece = message.msg_iov[i];
      const std::size_t bytes = std::min(left, piece.iov_len);
      abuse = frames_->read(static_cast<const char*>(piece.iov_base), bytes, now, account_.get());
      left -= bytes;
    }
    taken_ += (frames_->frames() - frames_before) * kFrameCost;
    taken_ += (frames_->calls() - calls_before) * kCallCost;
    const auto whole = static_cast<std::int64_t>(frames_->whole_bytes());
    const auto unread = static_cast<std::size_t>(std::max<std::int64_t>(whole - read_by_calls_, 0));
    hold(std::max(frames_->unfinished_bytes(), frames_->buffer_bytes()) + unread);
  } else if (account_ != nullptr) {
    unexplained_ += static_cast<std::int64_t>(size);
    hold(static_cast<std::size_t>(std::max<std::int64_t>(unexplained_, 0)));
    if (!has_calls && held_ > kLittle) return Abuse::kBytes;
  }
  if (!abuse && held_ > kLittle && account_ != nullptr && account_->holds_too_much()) {
    abuse = Abuse::kBytes;
  }
  return abuse;
}

void ConnectionInput::hold(std::size_t bytes) {
  if (account_ != nullptr && bytes != held_) {
    if (bytes > held_) {
      account_->hold(bytes - held_);
    } else {
      account_->release(held_ - bytes);
    }
  }
  held_ = bytes;
}

void ConnectionInput::belongs_to(std::shared_ptr<ClientAccount> account) {
  if (account == account_) return;
  const std::size_t held = std::exchange(held_, 0);
  if (account_ != nullptr) account_->release(held);
  account_ = std::move(account);
  hold(held);
}

void ConnectionInput::wrote(const char* data, std::size_t size) {
  if (frames_) {
    frames_->wrote(data, size);
  } else {
    explain(kAnswer + size / 16);
  }
}

void ConnectionInput::explain(std::size_t bytes) {
  if (frames_) return;
  unexplained_ = std::max(unexplained_ - static_cast<std::int64_t>(bytes), -kMostExplained);
  hold(static_cast<std::size_t>(std::max<std::int64_t>(unexplained_, 0)));
}

std::optional<Abuse> ConnectionInput::grpc_closes_for() const {
  if (!frames_) return std::nullopt;
  if (const auto why = frames_->was_told_to_calm_down()) return why;
  if (frames_->has_had_too_many_streams()) return Abuse::kStreams;
  if (frames_->is_in_headers()) return Abuse::kHeaderBlock;
  return std::nullopt;
}

void ConnectionInput::watched_by(int epoll, int fd, const epoll_event& event) {
  epoll_ = epoll;
  grpc_fd_ = fd;
  event_ = event;
}

void ConnectionInput::unwatched() {
  if (epoll_ >= 0) epoll_ctl(std::exchange(epoll_, -1), EPOLL_CTL_DEL, grpc_fd_, nullptr);
}

bool ConnectionInput::read_again() {
  if (epoll_ < 0) return false;
  epoll_event event = event_;
  return epoll_ctl(epoll_, EPOLL_CTL_MOD, grpc_fd_, &event) == 0;
}

}  // namespace weir::rpc
