// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/connections.h"

#include <algorithm>
#include <utility>

namespace weir::rpc {

void Connections::add(std::string peer, std::shared_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Connection>& place = by_peer_[std::move(peer)];
  if (place != nullptr) place->mark_closed();  // its end was not noticed yet
  place = std::move(connection);
}

void Connections::remove(const std::string& peer, const Connection& connection) {
  std::lock_guard lock(mutex_);
  const auto found = by_peer_.find(peer);
  if (found != by_peer_.end() && found->second.get() == &connection) by_peer_.erase(found);
}

std::shared_ptr<Connection> Connections::find(absl::string_view peer) const {
  std::lock_guard lock(mutex_);
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? nullptr : found->second;
}

std::size_t Connections::size() const {
  std::lock_guard lock(mutex_);
  return by_peer_.size();
}

bool Connections::have_unsent() const {
  std::lock_guard lock(mutex_);
  return std::any_of(by_peer_.begin(), by_peer_.end(),
                     [](const auto& entry) { return entry.second->has_unsent(); });
}

}  // namespace weir::rpc
