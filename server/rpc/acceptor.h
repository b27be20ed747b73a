// SPDX-License-Identifier: Apache-2.0
#pragma once

// Acceptor: accepts connections on a thread of its own and hands them to gRPC. A door that the
// drain can close, and that knows every connection's descriptor.
//
// Thread: the functions here belong to the one that owns it.

#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "async/time.h"
#include "server/rpc/client_account.h"
#include "server/rpc/connections.h"
#include "server/rpc/epoll.h"
#include "server/rpc/listener.h"

namespace weir::rpc {

class Acceptor {
 public:
  using ToGrpc = std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>;

  struct Options {
    std::size_t max_connections;  // beyond it a client is turned away at the door
    bool is_plain;                // not under TLS
    FrameLimits frames;           // in the clear
    Duration handshake_timeout;   // gRPC closes who is silent for longer
    Duration write_timeout;       // the kernel closes who takes nothing for longer
  };

  // `to_grpc` is the server's; the others must outlive this, and `accounts` every connection.
  Acceptor(ToGrpc to_grpc, Connections& connections, ClientAccounts& accounts, Options options);
  ~Acceptor();

  // See listener.h for what an address is and what may go wrong.
  absl::Status listen(const std::string& address);
  // Where it listens, with the port that was found.
  const std::string& address() const { return listener_.address(); }

  // Begins to accept; after the server has started, for before it gRPC closes what it is handed.
  void start();
  // Accepts no more once it returns: whoever connects is refused by the kernel, and goes elsewhere.
  // What was accepted stays, what waits for a slow client still leaves, and its end is still
  // noticed. Before grpc::Server::Shutdown: after it gRPC neither serves nor closes what it is
  // handed.
  void close_door();
  // The same, and ends the thread: after the server, which may be writing until then.
  void stop();

 private:
  void run();
  void wake_thread();
  void close_listening();
  void accept_some(int most);
  std::shared_ptr<Connection> admit(int fd, const std::string& peer);
  void set_options(int fd) const;
  void pause_accepting();
  void forget(int fd);

  ToGrpc to_grpc_;
  Connections& connections_;
  ClientAccounts& accounts_;
  const Options options_;
  Listener listener_;
  int listening_ = -1;  // its descriptor; -1: the door is closed
  const std::shared_ptr<const Epoll> epoll_ = std::make_shared<const Epoll>();
  int wake_up_ = -1;
  std::thread thread_;
  std::atomic<bool> is_stopping_ = false;
  absl::Notification door_is_closed_;
  // By our descriptor; the acceptor thread's own.
  struct Open {
    std::string peer;
    std::shared_ptr<Connection> connection;
    TimePoint since;
  };
  absl::flat_hash_map<int, Open> open_;
  bool is_paused_ = false;
};

}  // namespace weir::rpc
