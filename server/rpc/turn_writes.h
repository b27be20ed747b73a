// SPDX-License-Identifier: Apache-2.0
#pragma once

// TurnWrites: the connections that gathered what a thread wrote since `begin`; `flush` lets it go.
// Thread: its own.

#include <memory>
#include <utility>
#include <vector>

#include "server/rpc/connection.h"

namespace weir::rpc {

class TurnWrites {
 public:
  // Of the calling thread, between its begin and flush; else null.
  static TurnWrites* current() { return current_; }

  void begin() { current_ = this; }
  void add(std::shared_ptr<Connection> connection) { written_.push_back(std::move(connection)); }
  void flush() {
    current_ = nullptr;
    for (const auto& connection : written_) connection->flush();
    written_.clear();
  }

 private:
  static inline constinit thread_local TurnWrites* current_ = nullptr;
  std::vector<std::shared_ptr<Connection>> written_;
};

}  // namespace weir::rpc
