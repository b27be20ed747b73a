// SPDX-License-Identifier: Apache-2.0
#pragma once

// Corks: one turn, one write. A connection that is answered is held back until the loop's turn
// ends, so the answers of all calls of that turn leave together. Nothing waits longer than the
// turn, which for a lone call is the call itself.
//
// Measured on bare calls: 0.57 of the CPU of a call, 1.6 times the calls a second
// (docs/performance.md).
//
// Thread: the loop's own.

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rpc/completion_queue_loop.h"
#include "server/rpc/connections.h"
#include "server/rpc/turn_writes.h"

namespace weir::rpc {

class Corks final : Runnable {
 public:
  // `gathers`: in this process, see socket_calls.h; else in the kernel.
  Corks(CompletionQueueLoop& loop, const Connections& connections, bool gathers)
      : loop_(loop), connections_(connections), gathers_(gathers) {}
  ~Corks() = default;

  // Something is about to be written. False if it needs the peer to be corked as well.
  bool gather() {
    if (gathers_ && TurnWrites::current() == nullptr) {
      writes_.begin();
      loop_.at_turn_end(*this);
    }
    return gathers_;
  }
  void cork(absl::string_view peer);

 private:
  struct Entry {
    std::shared_ptr<Connection> connection;
    bool is_corked = false;
  };

  void run() override;  // the turn has ended
  Entry* entry_of(absl::string_view peer);
  void forget_closed();

  CompletionQueueLoop& loop_;
  const Connections& connections_;
  const bool gathers_;
  TurnWrites writes_;
  // What this loop has answered before: most lookups need no lock.
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> known_;
  std::size_t forget_at_ = 64;
  std::vector<Entry*> corked_;
};

}  // namespace weir::rpc
