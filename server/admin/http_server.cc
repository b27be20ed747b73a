// SPDX-License-Identifier: Apache-2.0
#include "server/admin/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "async/detail/thread_name.h"
#include "server/log.h"

namespace weir::admin {
namespace {

// At once, so that those who are connected get their turn between.
constexpr int kAccepts = 32;
// How long the door stays shut when the process has no descriptors left.
constexpr Duration kPause = std::chrono::milliseconds(100);

int milliseconds_until(TimePoint then, TimePoint now) {
  if (then == kForever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

HttpServer::HttpServer(HttpLimits limits, RefusalCounts& refused, Handle handle, Gone gone)
    : limits_(limits),
      refused_(refused),
      handle_(std::move(handle)),
      gone_(std::move(gone)),
      wake_up_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_.add(wake_up_, EPOLLIN);
}

HttpServer::~HttpServer() {
  stop();
  close(wake_up_);
}

void HttpServer::start(const Listening& listening) {
  listening_ = listening.fd;
  epoll_.add(listening_, EPOLLIN);
  thread_ = std::thread([this] {
    weir::detail::name_this_thread("weir-admin");
    run();
  });
}

void HttpServer::stop() {
  if (!thread_.joinable()) return;
  is_stopping_ = true;
  wake();
  thread_.join();
  for (auto& [id, connection] : connections_) connection->cut();
  connections_.clear();
  close(listening_);
}

void HttpServer::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_up_, &one, sizeof(one));
}

void HttpServer::answer(const std::vector<Id>& ids, const PagePtr& page) {
  {
    const std::lock_guard lock(answers_mutex_);
    answers_.emplace_back(ids, page);
  }
  wake();
}

void HttpServer::run() {
  std::array<epoll_event, 64> events{};
  while (!is_stopping_) {
    now_ = std::chrono::steady_clock::now();
    const TimePoint next = end_late();
    const int limit = milliseconds_until(is_paused_ ? std::min(next, now_ + kPause) : next, now_);
    const int count = epoll_wait(epoll_.fd(), events.data(), events.size(), limit);
    now_ = std::chrono::steady_clock::now();
    if (std::exchange(is_paused_, false)) epoll_.add(listening_, EPOLLIN);
    bool somebody_knocks = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == wake_up_) {
        take_answers();
      } else if (event.data.fd == listening_) {
        somebody_knocks = true;
      } else if (const auto found = by_socket_.find(event.data.fd); found != by_socket_.end()) {
        on_event(*connections_.at(found->second), event.events);
      }
    }
    // Last: a new connection may get the number of one that was closed, and must not get its
    // events.
    if (somebody_knocks) accept_all();
  }
}

void HttpServer::accept_all() {
  for (int i = 0; i < kAccepts; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    const int fd = accept4(listening_, reinterpret_cast<sockaddr*>(&address), &length,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      log::warning("the admin port cannot accept connections", {{"errno", errno}});
      epoll_.remove(listening_);
      is_paused_ = true;
      return;
    }
    if (connections_.size() >= limits_.connections) make_room();
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const Id id = ++last_id_;
    auto connection = std::make_unique<HttpConnection>(fd, id, peer_of(address), now_);
    HttpConnection& accepted = *connection;
    connections_.emplace(id, std::move(connection));
    by_socket_.emplace(fd, id);
    epoll_.add(fd, EPOLLIN);
    // A request is mostly there already.
    go_on(accepted);
  }
}

void HttpServer::make_room() {
  std::map<std::array<unsigned char, 16>, std::size_t> counts;
  for (const auto& [id, connection] : connections_) ++counts[connection->peer().address];
  HttpConnection* chosen = nullptr;
  const auto goes_before = [&](const HttpConnection& one, const HttpConnection& other) {
    // Whoever waits for us comes last: what it waits for will be there soon.
    const auto rank = [&](const HttpConnection& of) {
      return std::pair(of.phase() != Phase::kWaiting, counts[of.peer().address]);
    };
    return rank(one) != rank(other) ? rank(one) > rank(other) : one.since() < other.since();
  };
  for (const auto& [id, connection] : connections_) {
    if (chosen == nullptr || goes_before(*connection, *chosen)) chosen = connection.get();
  }
  if (chosen != nullptr) refuse(*chosen, Refusal::kCrowded);
}

void HttpServer::on_event(HttpConnection& connection, std::uint32_t events) {
  if ((events & EPOLLERR) != 0 ||
      ((events & EPOLLHUP) != 0 && connection.phase() != Phase::kEnding)) {
    close_now(connection);
    return;
  }
  go_on(connection);
}

void HttpServer::go_on(HttpConnection& connection) {
  if (connection.phase() == Phase::kReading && connection.read() == Phase::kWaiting) {
    // It is left alone until its page is there, but for its end.
    epoll_.change(connection.fd(), 0);
    const PagePtr page =
        connection.is_wrong()
            ? error_of(connection.reader())
            : handle_(connection.id(), connection.reader().request(), connection.peer());
    if (page != nullptr) give(connection, page);
    return;
  }
  if (connection.phase() == Phase::kWriting && connection.write() != Phase::kWriting) {
    epoll_.change(connection.fd(), EPOLLIN);
  }
  if (connection.phase() == Phase::kEnding) connection.end();
  if (connection.phase() == Phase::kClosed) close_now(connection);
}

void HttpServer::give(HttpConnection& connection, const PagePtr& page) {
  const Phase phase = connection.answer(page, now_);
  if (phase == Phase::kClosed) {
    close_now(connection);
    return;
  }
  epoll_.change(connection.fd(), phase == Phase::kWriting ? EPOLLOUT : EPOLLIN);
  limit_unread(connection);
}

HttpServer::PagePtr HttpServer::error_of(const RequestReader& reader) {
  const bool is_large = reader.status() == 413 || reader.status() == 431;
  refused_.add(is_large ? Refusal::kTooLarge : Refusal::kMalformed);
  return std::make_shared<const Page>(
      Page{.status = reader.status(), .body = absl::StrCat(reader.reason(), "\n")});
}

void HttpServer::limit_unread(const HttpConnection& newest) {
  std::size_t unread = 0;
  std::vector<HttpConnection*> oldest;
  for (const auto& [id, connection] : connections_) {
    unread += connection->unsent();
    if (connection->unsent() > 0 && connection.get() != &newest) oldest.push_back(connection.get());
  }
  if (unread <= limits_.unread_bytes) return;
  std::sort(oldest.begin(), oldest.end(),
            [](const HttpConnection* one, const HttpConnection* other) {
              return one->since() < other->since();
            });
  for (HttpConnection* connection : oldest) {
    if (unread <= limits_.unread_bytes) return;
    unread -= connection->unsent();
    refuse(*connection, Refusal::kCrowded);
  }
}

void HttpServer::refuse(HttpConnection& connection, Refusal why) {
  if (!connection.has_all()) refused_.add(why);
  connection.cut();
  close_now(connection);
}

void HttpServer::close_now(const HttpConnection& connection) {
  const Id id = connection.id();
  by_socket_.erase(connection.fd());
  connections_.erase(id);  // and its socket, which the kernel takes out of epoll
  gone_(id);
}

void HttpServer::take_answers() {
  std::uint64_t wake_ups = 0;
  [[maybe_unused]] const ssize_t got = read(wake_up_, &wake_ups, sizeof(wake_ups));
  std::vector<std::pair<std::vector<Id>, PagePtr>> answers;
  {
    const std::lock_guard lock(answers_mutex_);
    answers.swap(answers_);
  }
  for (const auto& [ids, page] : answers) {
    for (const Id id : ids) {
      if (const auto found = connections_.find(id); found != connections_.end()) {
        give(*found->second, page);
      }
    }
  }
}

TimePoint HttpServer::deadline_of(const HttpConnection& connection) const {
  switch (connection.phase()) {
    case Phase::kReading:
      return connection.since() + limits_.request;
    case Phase::kWriting:
    case Phase::kEnding:
      return connection.since() + limits_.answer;
    default:
      return kForever;  // it waits for us
  }
}

TimePoint HttpServer::end_late() {
  TimePoint next = kForever;
  std::vector<HttpConnection*> late;
  for (const auto& [id, connection] : connections_) {
    const TimePoint deadline = deadline_of(*connection);
    if (deadline <= now_) {
      late.push_back(connection.get());
    } else {
      next = std::min(next, deadline);
    }
  }
  for (HttpConnection* connection : late) refuse(*connection, Refusal::kSlow);
  return next;
}

}  // namespace weir::admin
