// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/cork.h"

#include <utility>

namespace weir::rpc {

void Corks::cork(absl::string_view peer) {
  Entry* entry = entry_of(peer);
  if (entry == nullptr || entry->is_corked) return;
  entry->connection->cork();
  entry->is_corked = true;
  if (corked_.empty()) loop_.at_turn_end(*this);
  corked_.push_back(entry);
}

void Corks::run() {
  if (gathers_) return writes_.flush();
  for (Entry* entry : corked_) {
    entry->connection->uncork();
    entry->is_corked = false;
  }
  corked_.clear();
  if (known_.size() >= forget_at_) forget_closed();
}

Corks::Entry* Corks::entry_of(absl::string_view peer) {
  const auto found = known_.find(peer);
  if (found != known_.end()) {
    Entry& entry = *found->second;
    if (entry.is_corked || !entry.connection->is_closed()) return &entry;
  }
  std::shared_ptr<Connection> connection = connections_.find(peer);
  if (connection == nullptr) return nullptr;
  auto& place = known_[peer];
  if (place == nullptr) place = std::make_unique<Entry>();
  place->connection = std::move(connection);
  return place.get();
}

// Between turns, when nothing is corked. Seldom enough to cost each new connection next to nothing.
void Corks::forget_closed() {
  absl::erase_if(known_, [](const auto& known) { return known.second->connection->is_closed(); });
  forget_at_ = 2 * known_.size() + 64;
}

}  // namespace weir::rpc
