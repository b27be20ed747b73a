// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "async/detail/thread_name.h"
#include "server/log.h"
#include "server/rpc/client_identity.h"
#include "server/rpc/socket_calls.h"

namespace weir::rpc {
namespace {

// How long the door stays shut when the process has no descriptors left.
constexpr int kPauseMs = 100;
// Connections that are accepted before other events are looked at again.
constexpr int kAtOnce = 64;
// For slow clients to take what was written to them before the end.
constexpr Duration kLastPatience = std::chrono::seconds(1);

}  // namespace

Acceptor::Acceptor(ToGrpc to_grpc, Connections& connections, ClientAccounts& accounts,
                   Options options)
    : to_grpc_(std::move(to_grpc)),
      connections_(connections),
      accounts_(accounts),
      options_(options),
      wake_up_(eventfd(0, EFD_CLOEXEC)) {
  epoll_->add(wake_up_, EPOLLIN);
}

Acceptor::~Acceptor() {
  stop();
  close(wake_up_);
}

absl::Status Acceptor::listen(const std::string& address) {
  absl::StatusOr<Listener> listener = Listener::open(address);
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  listening_ = listener_.fd();
  return absl::OkStatus();
}

void Acceptor::start() {
  epoll_->add(listening_, EPOLLIN);
  thread_ = std::thread([this] {
    weir::detail::name_this_thread("weir-accept");
    run();
  });
}

void Acceptor::close_door() {
  if (!thread_.joinable()) return;
  wake_thread();
  door_is_closed_.WaitForNotification();
}

void Acceptor::stop() {
  if (thread_.joinable()) {
    is_stopping_ = true;
    wake_thread();
    thread_.join();
  }
  close_listening();
  const TimePoint limit = std::chrono::steady_clock::now() + kLastPatience;
  for (const auto& [fd, open] : open_) open.connection->flush_until(limit);
}

void Acceptor::wake_thread() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_up_, &one, sizeof(one));
}

void Acceptor::close_listening() {
  listening_ = -1;
  listener_.close();
}

void Acceptor::run() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count =
        epoll_wait(epoll_->fd(), events.data(), events.size(), is_paused_ ? kPauseMs : -1);
    if (is_paused_ && listening_ >= 0) epoll_->add(listening_, EPOLLIN);
    is_paused_ = false;
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const std::uint32_t event = events[static_cast<std::size_t>(i)].events;
      if (fd == wake_up_) {
        std::uint64_t wake_ups = 0;
        [[maybe_unused]] const ssize_t got = read(wake_up_, &wake_ups, sizeof(wake_ups));
        if (is_stopping_) return;  // looked at after the read, which may have taken stop's wake-up
        if (door_is_closed_.HasBeenNotified()) continue;
        accept_some(Listener::kBacklog);  // who has knocked already
        close_listening();
        door_is_closed_.Notify();
      } else if (fd == listening_) {
        accept_some(kAtOnce);  // the others here have their turn, too
      } else if (const auto found = open_.find(fd); found != open_.end()) {
        if (!found->second.connection->take_events(event)) forget(fd);
      }  // not there: the door, closed a moment ago
    }
  }
}

void Acceptor::accept_some(int most) {
  for (int i = 0; i < most && !is_paused_; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    const int fd = accept4(listening_, reinterpret_cast<sockaddr*>(&address), &length,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) pause_accepting();
      return;
    }
    const std::string peer = peer_name(address);
    std::shared_ptr<Connection> connection = admit(fd, peer);
    if (connection == nullptr) {
      close(fd);
      continue;
    }
    set_options(fd);
    connections_.add(peer, connection);
    adopt(fd, connection);
    const int ours = connection->fd();
    open_.emplace(ours, Open{peer, std::move(connection), std::chrono::steady_clock::now()});
    epoll_->add(ours, Connection::kEndEvents);
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.fd = fd;
    to_grpc_->HandleNewConnection(&parameters);
  }
}

// Null: it is turned away.
std::shared_ptr<Connection> Acceptor::admit(int fd, const std::string& peer) {
  const std::shared_ptr<SentAway>& sent_away = connections_.sent_away();
  Connection::Client client{.limits = options_.is_plain ? &options_.frames : nullptr,
                            .account = accounts_.of(client_address(peer)),
                            .sent_away = sent_away};
  if (open_.size() >= options_.max_connections) {
    sent_away->count(Abuse::kConnections, client.account->name());
    return nullptr;
  }
  if (client.account->draw(Cost::kConnection, 1, std::chrono::steady_clock::now())) {
    client.place = ClientAccount::connect(client.account);
  }
  const bool is_nameless = absl::StartsWith(peer, "unix");  // its calls do not find it
  if (!client.place) {
    sent_away->count(Abuse::kClientConnections, client.account->name());
    return nullptr;
  }
  if (is_nameless && !options_.is_plain) client.account = nullptr;
  const int ours = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (ours < 0) {
    pause_accepting();
    return nullptr;
  }
  return std::make_shared<Connection>(ours, epoll_, std::move(client));
}

// An error means that the connection is gone, or no TCP.
void Acceptor::set_options(int fd) const {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto ms = static_cast<int>(
      std::chrono::ceil<std::chrono::milliseconds>(options_.write_timeout).count());
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

void Acceptor::pause_accepting() {
  const int error = errno;
  log::write_limited(log::Level::kWarning, "cannot accept connections",
                     {{"errno", error}, {"reason", std::generic_category().message(error)}});
  epoll_->remove(listening_);
  is_paused_ = true;
}

void Acceptor::forget(int fd) {
  const auto found = open_.find(fd);
  if (found == open_.end()) return;
  auto& [peer, connection, since] = found->second;
  if (connection->is_silent() &&
      std::chrono::steady_clock::now() - since >= options_.handshake_timeout) {
    connections_.sent_away()->count(Abuse::kSilence, client_address(peer));
  }
  // Removed here and not by closing: a loop that is about to write to it may hold it a moment
  // longer.
  epoll_->remove(fd);
  connections_.remove(peer, *connection);
  open_.erase(found);
}

}  // namespace weir::rpc
