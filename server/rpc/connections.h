// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connections: the sockets that gRPC serves, by peer, so that the answers of one turn of a loop can
// share a write.
//
// gRPC calls sendmsg once per call, each a TCP segment and a wake-up of the client. A socket that
// is corked gathers them in the kernel until it is uncorked. The descriptors are known because the
// server accepts connections itself (acceptor.h).
//
// A connection here is a duplicate descriptor: gRPC closes its own whenever it likes, and its
// number may then be another socket's. A duplicate does not keep the connection up: gRPC shuts it
// down first.

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace weir::rpc {

// Thread: any.
class Connection {
 public:
  // Owns `fd`.
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // Each cork needs an uncork; the last one lets go of what was gathered.
  void cork();
  void uncork();

  void mark_closed() { closed_.store(true, std::memory_order_release); }
  bool is_closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  const int fd_;
  std::atomic<int> corks_ = 0;
  std::atomic<bool> closed_ = false;
};

// Thread: any.
class Connections {
 public:
  // `peer` as gRPC's ServerContext::peer() says it.
  void add(std::string peer, std::shared_ptr<Connection> connection);
  void remove(const std::string& peer, const Connection& connection);
  // Null if there is none, or gRPC spells the peer otherwise: then its answers are not gathered.
  std::shared_ptr<Connection> find(absl::string_view peer) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<Connection>> by_peer_;
};

}  // namespace weir::rpc
