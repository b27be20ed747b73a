// SPDX-License-Identifier: Apache-2.0
#pragma once

// ConnectionCache: the connections that a loop's calls came on, so that most calls find theirs, and
// with it their client's account, without a lock. Thread: the loop's own.

#include <grpcpp/server_context.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/rpc/client_account.h"
#include "server/rpc/connections.h"

namespace weir::rpc {

class ConnectionCache {
 public:
  ConnectionCache(const Connections& connections, ClientAccounts& accounts)
      : connections_(connections), accounts_(accounts) {}

  struct Caller {
    std::shared_ptr<Connection>
        connection;  // null: a socket file, whose clients gRPC does not name
    std::shared_ptr<ClientAccount> account;
  };
  Caller caller_of(const grpc::ServerContext& call);

 private:
  std::shared_ptr<Connection> connection_of(absl::string_view peer,
                                            const grpc::ServerContext& call);
  void forget_closed();

  const Connections& connections_;
  ClientAccounts& accounts_;
  // It must not keep them: a connection that has ended would keep its descriptor.
  absl::flat_hash_map<std::string, std::weak_ptr<Connection>> known_;
  std::size_t forget_at_ = 64;
};

}  // namespace weir::rpc
