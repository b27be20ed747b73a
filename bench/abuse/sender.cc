// SPDX-License-Identifier: Apache-2.0
#include "bench/abuse/sender.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "bench/abuse/frame.h"

namespace weir::abuse {
namespace {

constexpr const char* kServer = "127.0.0.1";
constexpr std::int64_t kFirstWindow = 65535;

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

bool is_only_slow(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EINTR); }

}  // namespace

Sender::Sender(const Plan& plan) : plan_(plan), piece_(plan.piece, plan.step) {}

Sender::~Sender() {
  if (fd_ >= 0) close(fd_);
}

void Sender::look(Clock::time_point now) {
  if (fd_ < 0 && now >= again_) connect();
}

void Sender::connect() {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const sockaddr_in from = address_of(plan_.source, 0);
  const sockaddr_in to = address_of(kServer, plan_.port);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof(from)) != 0 ||
      ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    end();
    return;
  }
  ++connections_;
  out_ = plan_.opening;
  sent_ = 0;
  in_.clear();
  window_ = kFirstWindow;
  pieces_ = 0;
  piece_.start_again();
}

void Sender::end() {
  close(std::exchange(fd_, -1));
  again_ = Clock::now() + plan_.pause;
}

bool Sender::may_send() const {
  if (sent_ < out_.size()) return true;
  if (plan_.piece.empty() || (plan_.most_pieces != 0 && pieces_ >= plan_.most_pieces)) return false;
  return !plan_.obeys_window || window_ >= piece_.data_bytes();
}

short Sender::wanted() const {
  return static_cast<short>((plan_.reads ? POLLIN : POLLRDHUP) | (may_send() ? POLLOUT : 0));
}

void Sender::handle(short events) {
  if ((events & POLLIN) != 0) read();
  if (fd_ >= 0 && (events & POLLOUT) != 0) write();
  if (fd_ >= 0 && (events & (POLLERR | POLLHUP | POLLRDHUP)) != 0) {
    ++closed_;
    end();
  }
}

void Sender::read() {
  std::array<char, 1 << 16> buffer;
  const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (is_only_slow(got)) return;
  if (got <= 0) {
    ++closed_;
    end();
    return;
  }
  if (!plan_.obeys_window) return;
  in_.append(buffer.data(), static_cast<std::size_t>(got));
  take_frames();
}

void Sender::take_frames() {
  std::size_t at = 0;
  while (in_.size() - at >= kFrameHeader) {
    const Frame frame = frame_at(in_, at);
    if (in_.size() - at - kFrameHeader < frame.length) break;
    if (frame.type == kWindowUpdate && frame.stream == 0) {
      window_ += number_at(in_, at + kFrameHeader, 4);
    }
    at += kFrameHeader + frame.length;
  }
  in_.erase(0, at);
}

void Sender::write() {
  if (sent_ == out_.size()) {
    if (!may_send()) return;
    out_ = piece_.bytes();
    sent_ = 0;
    window_ -= piece_.data_bytes();
    piece_.advance();
    ++pieces_;
  }
  const ssize_t sent =
      send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (is_only_slow(sent)) return;
  if (sent < 0) {
    ++closed_;
    end();
    return;
  }
  sent_ += static_cast<std::size_t>(sent);
  bytes_ += static_cast<std::uint64_t>(sent);
}

}  // namespace weir::abuse
