// SPDX-License-Identifier: Apache-2.0
#pragma once

// Method: one RPC method of the server, of any of the four shapes.

#include <string>
#include <utility>

#include "async/task.h"

namespace weir::rpc {

class ServerLoop;

class Method {
 public:
  // How its calls are treated.
  enum class Kind {
    kTraffic,  // admitted, counted, drained
    kAdmin,    // health: answered whatever the load, and ended, not awaited, by the drain
  };

  Method(std::string name, Kind kind) : name_(std::move(name)), kind_(kind) {}
  virtual ~Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

  // As in "weir.users.v1.UserService/GetUser".
  const std::string& name() const { return name_; }
  Kind kind() const { return kind_; }

  // Waits for the next call of this method and serves it to its end. Ends without a call when the
  // server has shut down. `loop` outlives it.
  virtual Task<void> serve_next(ServerLoop& loop) const = 0;

 private:
  const std::string name_;
  const Kind kind_;
};

}  // namespace weir::rpc
