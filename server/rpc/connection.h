// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: a socket that gRPC serves: what was written to it in this turn of a loop and has not
// left yet, and what its client sends, on its way to gRPC (connection_input.h).
//
// gRPC's own system calls on the socket are taken in hand (socket_calls.h) and come here. It holds
// a duplicate of gRPC's descriptor: gRPC closes its own whenever it likes, and its number may then
// be another socket's. A duplicate does not keep the connection up: gRPC shuts it down first.
//
// All answers of a turn share a write. The promises of `send`:
//   - Bytes leave in the order in which they came, whichever threads write.
//   - When the socket is full, what was taken leaves when it is not any more (`take_events`), and
//     gRPC is told EAGAIN, as by the kernel, before more than kMostGathered bytes wait.
//   - What was taken before the end leaves before the end, unless the client does not take it
//     within kPatience.
// Thread: any.

#include <sys/epoll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "async/time.h"
#include "server/rpc/abuse.h"
#include "server/rpc/client_account.h"
#include "server/rpc/connection_input.h"
#include "server/rpc/epoll.h"
#include "server/rpc/sent_away.h"

namespace weir::rpc {

class TurnWrites;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t kMostGathered = 16 << 10;
  // What `epoll` watches for, but EPOLLHUP, which it tells anyway: not EPOLLIN, for gRPC reads. It
  // only tells when the client has shut the connection down, and until it has.
  static constexpr std::uint32_t kEndEvents = EPOLLRDHUP;

  // Who its client is, and what it may do. All of it may be null. gRPC may close a connection a
  // moment after its server is gone, so what is needed until then is shared.
  struct Client {
    const FrameLimits* limits = nullptr;  // null: under TLS, nobody sees frames
    ClientAccount::ConnectionPlace place = {};
    std::shared_ptr<ClientAccount> account = {};
    std::shared_ptr<SentAway> sent_away = {};
  };

  // Owns `fd`. While gathered bytes wait for the socket, `epoll` watches for EPOLLOUT as well.
  Connection(int fd, std::shared_ptr<const Epoll> epoll) : Connection(fd, std::move(epoll), {}) {}
  Connection(int fd, std::shared_ptr<const Epoll> epoll, Client client);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // As sendmsg(2) of `message`, which must not block. With `turn` it may be gathered: `turn` will
  // flush it.
  ssize_t send(const msghdr& message, int flags, TurnWrites* turn);
  void flush();
  // The same, and waits for the client to take it, at most until `limit`.
  void flush_until(TimePoint limit);
  // As recvmsg(2), which must not block: ECONNRESET for a client that is sent away.
  ssize_t receive(msghdr& message, int flags);
  // As shutdown(2), once what was gathered has left.
  int shut_down(int how);
  // gRPC closes its descriptor.
  void end();
  // What `epoll` has told of it. False: it is shut down.
  bool take_events(std::uint32_t events);
  // gRPC watches its descriptor `fd` with that epoll.
  void watched_by(int epoll, int fd, const epoll_event& event);

  // Its client has never said that it speaks HTTP/2.
  bool is_silent() const;

  // Whether something written to it has not arrived at the client yet.
  bool has_unsent() const;

  void mark_closed() { closed_.store(true, std::memory_order_release); }
  bool is_closed() const { return closed_.load(std::memory_order_acquire); }

  // For its calls. Whose they are is known with the first one; without mutual TLS, from the start.
  void belongs_to(const std::shared_ptr<ClientAccount>& account);
  ClientAccount* account() const { return account_.load(std::memory_order_acquire); }
  void call_began();
  void call_ended(bool was_read);
  // See ConnectionInput.
  void message_came(std::size_t bytes);
  void calls_read(std::int64_t bytes);

 private:
  void became_writable();
  void client_has_ended();
  // With the lock held. False if something is left.
  bool send_gathered();
  void await_writable();
  void shut_down_later();
  void saw_sent(const msghdr& message, std::size_t size);
  ssize_t send_away(Abuse why);
  void say_goaway(Abuse why);
  void count(Abuse why);
  // Its end costs its client as much as so many connections.
  void charge(std::size_t connections);
  void count_if_grpc_sent_it_away();

  static constexpr std::size_t kAnsweredCalls = 64;
  static constexpr std::size_t kSentAway = 100;
  // How long a client may take over the last bytes of a connection that gRPC has given up.
  static constexpr Duration kPatience = std::chrono::seconds(10);

  const int fd_;
  const std::shared_ptr<const Epoll> epoll_;
  const bool is_plain_;
  const std::shared_ptr<SentAway> sent_away_;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint32_t> calls_ = 0;
  std::atomic<ClientAccount*> account_;  // input_'s

  mutable std::mutex mutex_;
  ClientAccount::ConnectionPlace place_;
  ConnectionInput input_;
  bool is_sent_away_ = false;
  bool is_named_ = false;  // whose it is was known with a call
  // Bytes [begin_, end_) of it wait; none when nothing does: an idle connection costs no buffer.
  std::unique_ptr<char[]> gathered_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  TurnWrites* turn_ = nullptr;  // who was last told to flush it
  bool awaits_writable_ = false;
  std::uint32_t end_events_ = kEndEvents;  // none once they have come: they would come for ever
  bool is_ending_ = false;                 // to be shut down when nothing waits any more
};

}  // namespace weir::rpc
