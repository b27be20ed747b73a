// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/connection_cache.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <utility>

#include "server/rpc/client_identity.h"

namespace weir::rpc {

ConnectionCache::Caller ConnectionCache::caller_of(const grpc::ServerContext& call) {
  // The C function: C++'s would copy the name once more.
  auto& context = const_cast<grpc::ServerContext&>(call);  // which c_call() does not change
  const std::unique_ptr<char, void (*)(void*)> peer(grpc_call_get_peer(context.c_call()), gpr_free);
  std::shared_ptr<Connection> connection = connection_of(peer.get(), call);
  if (connection == nullptr) return {nullptr, accounts_.of(client_identity(call))};
  // Of the connection's, which keeps it.
  std::shared_ptr<ClientAccount> account(connection, connection->account());
  return {std::move(connection), std::move(account)};
}

std::shared_ptr<Connection> ConnectionCache::connection_of(absl::string_view peer,
                                                           const grpc::ServerContext& call) {
  const auto found = known_.find(peer);
  std::shared_ptr<Connection> connection = found == known_.end() ? nullptr : found->second.lock();
  if (connection != nullptr && !connection->is_closed()) return connection;
  connection = connections_.find(peer);
  if (connection == nullptr) return nullptr;
  connection->belongs_to(accounts_.of(client_identity(call)));
  if (known_.size() >= forget_at_) forget_closed();
  known_[peer] = connection;
  return connection;
}

// Seldom enough to cost each new connection next to nothing.
void ConnectionCache::forget_closed() {
  absl::erase_if(known_, [](const auto& known) { return known.second.expired(); });
  forget_at_ = 2 * known_.size() + 64;
}

}  // namespace weir::rpc
