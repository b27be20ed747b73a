// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connections: the sockets that gRPC serves, by peer. They are known because the server accepts
// connections itself (acceptor.h).

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/rpc/connection.h"
#include "server/rpc/sent_away.h"

namespace weir::rpc {

// Thread: any.
class Connections {
 public:
  // `peer` as gRPC's ServerContext::peer() says it.
  void add(std::string peer, std::shared_ptr<Connection> connection);
  void remove(const std::string& peer, const Connection& connection);
  // Null if there is none, or gRPC spells the peer otherwise, as that of a socket file.
  std::shared_ptr<Connection> find(absl::string_view peer) const;
  std::size_t size() const;
  // Whether a client has yet to receive something that was written to it.
  bool have_unsent() const;

  const std::shared_ptr<SentAway>& sent_away() { return sent_away_; }
  const SentAway& sent_away() const { return *sent_away_; }

 private:
  const std::shared_ptr<SentAway> sent_away_ = std::make_shared<SentAway>();
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<Connection>> by_peer_;
};

}  // namespace weir::rpc
