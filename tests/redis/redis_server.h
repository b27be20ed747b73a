// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisServer: a Redis of a test's own, that it can stop, start, freeze and thaw.

#include <string>

#include "server/redis/options.h"

namespace weir::redis {

class RedisServer {
 public:
  RedisServer();   // starts it; ends the test program with a message if it cannot
  ~RedisServer();  // stops it and removes all it has
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // One connection and a generous time, for tests that are not about those.
  Options options() const;

  void stop();
  void start();  // on the same port, empty
  void freeze();
  void thaw();

  // One that the tests of a program share: started by the first to ask. Thawed and running between
  // tests; its keys are whatever they left.
  static RedisServer& shared();

 private:
  std::string run(const std::string& verb) const;

  std::string directory_;
  Address address_;
};

}  // namespace weir::redis
