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
#include "server/rpc/connections.h"

namespace weir::rpc {

class Acceptor {
 public:
  using ToGrpc = std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>;

  // `to_grpc` is the server's; `connections` must outlive this. Beyond `max_connections` a client
  // is turned away at the door.
  Acceptor(ToGrpc to_grpc, Connections& connections, std::size_t max_connections);
  ~Acceptor();

  // Binds host:port; port 0: any free one. UNAVAILABLE if that is not possible.
  absl::Status listen(const std::string& address);
  int port() const { return port_; }

  // Begins to accept; after the server has started, for before it gRPC closes what it is handed.
  void start();
  // Accepts no more: whoever connects is refused by the kernel, and goes elsewhere. What was
  // accepted stays, and its end is still noticed.
  void close_door();
  // The same, and ends the thread.
  void stop();

 private:
  void run();
  void wake_thread();
  void close_listening();
  void accept_all();
  void pause_accepting();
  void forget(int fd);

  ToGrpc to_grpc_;
  Connections& connections_;
  const std::size_t max_connections_;
  int listening_ = -1;
  int port_ = 0;
  int epoll_ = -1;
  int wake_up_ = -1;
  std::thread thread_;
  std::atomic<bool> is_stopping_ = false;
  // By our descriptor; the acceptor thread's own.
  absl::flat_hash_map<int, std::pair<std::string, std::shared_ptr<Connection>>> open_;
  bool is_paused_ = false;
};

}  // namespace weir::rpc
