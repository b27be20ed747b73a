// SPDX-License-Identifier: Apache-2.0
#include "server/admin/http_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace weir::admin {
namespace {

// What a client still sends after its answer; one that goes on is not listened to.
constexpr std::size_t kMaxUnwanted = 256 << 10;

const char* reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

std::string head_of(const Page& page) {
  return absl::StrCat("HTTP/1.1 ", page.status, " ", reason_phrase(page.status),
                      "\r\nContent-Type: ", page.content_type,
                      "\r\nContent-Length: ", page.body.size(),
                      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
                      "\r\nX-Frame-Options: DENY\r\nCross-Origin-Resource-Policy: same-origin\r\n",
                      page.headers, "Connection: close\r\n\r\n");
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

HttpConnection::HttpConnection(int fd, std::uint64_t id, const Peer& peer, TimePoint now)
    : fd_(fd), id_(id), peer_(peer), since_(now) {}

HttpConnection::~HttpConnection() { close(fd_); }

HttpConnection::Phase HttpConnection::read() {
  std::array<char, 4096> piece;
  while (phase_ == Phase::kReading) {
    const ssize_t count = recv(fd_, piece.data(), piece.size(), 0);
    if (count < 0 && would_block()) break;
    if (count <= 0) return phase_ = Phase::kClosed;
    const auto state = reader_.add({piece.data(), static_cast<std::size_t>(count)});
    if (state == RequestReader::State::kIncomplete) continue;
    is_wrong_ = state == RequestReader::State::kWrong;
    phase_ = Phase::kWaiting;
  }
  return phase_;
}

HttpConnection::Phase HttpConnection::answer(std::shared_ptr<const Page> page, TimePoint now) {
  since_ = now;
  page_ = std::move(page);
  head_ = head_of(*page_);
  has_body_ = is_wrong_ || reader_.request().method != "HEAD";
  phase_ = Phase::kWriting;
  return write();
}

std::size_t HttpConnection::unsent() const {
  if (phase_ != Phase::kWriting) return 0;
  return head_.size() + (has_body_ ? page_->body.size() : 0) - sent_;
}

bool HttpConnection::has_all() const {
  int unacknowledged = 0;
  return phase_ == Phase::kEnding && ioctl(fd_, SIOCOUTQ, &unacknowledged) == 0 &&
         unacknowledged == 0;
}

HttpConnection::Phase HttpConnection::write() {
  while (unsent() > 0) {
    const bool is_head = sent_ < head_.size();
    const std::string& text = is_head ? head_ : page_->body;
    const std::size_t begin = is_head ? sent_ : sent_ - head_.size();
    const int more = is_head && has_body_ ? MSG_MORE : 0;
    const ssize_t count =
        send(fd_, text.data() + begin, text.size() - begin, MSG_NOSIGNAL | MSG_DONTWAIT | more);
    if (count < 0 && would_block()) return phase_;
    if (count < 0) return phase_ = Phase::kClosed;
    sent_ += static_cast<std::size_t>(count);
  }
  page_.reset();
  shutdown(fd_, SHUT_WR);
  phase_ = Phase::kEnding;
  return end();
}

HttpConnection::Phase HttpConnection::end() {
  std::array<char, 4096> unwanted;
  const ssize_t count = recv(fd_, unwanted.data(), unwanted.size(), 0);
  if (count > 0) unwanted_ += static_cast<std::size_t>(count);
  if (unwanted_ > kMaxUnwanted) cut();
  if (count == 0 || (count < 0 && !would_block())) phase_ = Phase::kClosed;
  return phase_;
}

void HttpConnection::cut() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  phase_ = Phase::kClosed;
}

}  // namespace weir::admin
