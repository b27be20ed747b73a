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

  // Who goes first when not all can be served.
  enum class Priority : unsigned char { kNormal, kBatch };

  struct Traits {
    Kind kind = Kind::kTraffic;
    Length length = Length::kBounded;
    Priority priority = Priority::kNormal;
    // What its calls take says how many at once are good for them (concurrency_limit.h): where the
    // server sets the pace, in unary calls.
    bool is_limited = false;
  };

  // `number`: among the server's methods.
  Method(std::string name, Traits traits, std::size_t number)
      : name_(std::move(name)), traits_(traits), number_(number) {}
  virtual ~Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

  // As in "weir.users.v1.UserService/GetUser".
  const std::string& name() const { return name_; }
  Kind kind() const { return traits_.kind; }
  Length length() const { return traits_.length; }
  Priority priority() const { return traits_.priority; }
  bool is_limited() const { return traits_.is_limited; }
  std::size_t number() const { return number_; }

  // Waits for the next call of this method and serves it to its end. Ends without a call when the
  // server has shut down. `loop` outlives it.
  virtual Task<void> serve_next(ServerLoop& loop) const = 0;

 private:
  const std::string name_;
  const Traits traits_;
  const std::size_t number_;
};

}  // namespace weir::rpc
