// SPDX-License-Identifier: Apache-2.0
#pragma once

// Method: one RPC method of the server, of any of the four shapes.

#include <cstddef>
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

  // Whether the server bounds how long its calls take, or leaves that to the client: a watch is
  // meant to last. The age of its connection ends it in the end (ServerOptions), so clients resume.
  enum class Length { kBounded, kAsAsked };

  // `number`: among the server's methods.
  Method(std::string name, Kind kind, Length length, std::size_t number)
      : name_(std::move(name)), kind_(kind), length_(length), number_(number) {}
  virtual ~Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

  // As in "weir.users.v1.UserService/GetUser".
  const std::string& name() const { return name_; }
  Kind kind() const { return kind_; }
  Length length() const { return length_; }
  std::size_t number() const { return number_; }

  // Waits for the next call of this method and serves it to its end. Ends without a call when the
  // server has shut down. `loop` outlives it.
  virtual Task<void> serve_next(ServerLoop& loop) const = 0;

 private:
  const std::string name_;
  const Kind kind_;
  const Length length_;
  const std::size_t number_;
};

}  // namespace weir::rpc
